// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/text/jinja_operators.h"

#include "core/text/jinja_text.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace bwla::jinja {
namespace {

using Op = Binary::Operator;

[[noreturn]] void refuse(const char* action, const Value& left, const Value& right) {
    throw Failure{std::string("cannot ") + action + " " + left.typeName() + " and " +
                  right.typeName()};
}

void needDefined(const Value& value) {
    if (value.isUndefined()) {
        const auto& name = std::get<Undefined>(value.data).name;
        throw Failure{"'" + (name ? *name : std::string("value")) + "' is undefined"};
    }
}

/// Python rounds quotients down; C++ rounds them toward zero.
std::int64_t flooredQuotient(std::int64_t a, std::int64_t b) {
    const std::int64_t quotient = a / b;
    return (a % b != 0 && (a < 0) != (b < 0)) ? quotient - 1 : quotient;
}

std::int64_t power(std::int64_t base, std::int64_t exponent) {
    std::int64_t result = 1;
    // Beyond 64 steps only 0, 1 and -1 stay in range, and those repeat with period 2.
    if (exponent > 64)
        exponent = 64 + exponent % 2;
    for (; exponent > 0; --exponent) {
        if (__builtin_mul_overflow(result, base, &result))
            throw Failure{"integer out of range"};
    }
    return result;
}

Value integerArithmetic(Op op, std::int64_t a, std::int64_t b) {
    std::int64_t result = 0;
    bool overflow = false;
    switch (op) {
    case Op::add:
        overflow = __builtin_add_overflow(a, b, &result);
        break;
    case Op::subtract:
        overflow = __builtin_sub_overflow(a, b, &result);
        break;
    case Op::multiply:
        overflow = __builtin_mul_overflow(a, b, &result);
        break;
    case Op::power:
        return Value(power(a, b));
    default:
        overflow = a == std::numeric_limits<std::int64_t>::min() && b == -1;
        if (!overflow)
            result = op == Op::floorDivide ? flooredQuotient(a, b) : a - flooredQuotient(a, b) * b;
    }
    if (overflow)
        throw Failure{"integer out of range"};
    return Value(result);
}

Value floatArithmetic(Op op, double a, double b) {
    switch (op) {
    case Op::add:
        return Value(a + b);
    case Op::subtract:
        return Value(a - b);
    case Op::multiply:
        return Value(a * b);
    case Op::divide:
        return Value(a / b);
    case Op::floorDivide:
        return Value(std::floor(a / b));
    case Op::modulo:
        return Value(a - std::floor(a / b) * b);
    default:
        return Value(std::pow(a, b));
    }
}

Value arithmetic(Op op, const Value& left, const Value& right) {
    const bool divides = op == Op::divide || op == Op::floorDivide || op == Op::modulo;
    if (divides && right.number() == 0.0)
        throw Failure{"division by zero"};
    const bool integers = left.isInteger() && right.isInteger() && op != Op::divide;
    if (integers && !(op == Op::power && right.integer() < 0))
        return integerArithmetic(op, left.integer(), right.integer());
    return floatArithmetic(op, left.number(), right.number());
}

Value repeated(const Value& whole, std::int64_t times, Runtime& runtime) {
    const auto count = static_cast<std::size_t>(std::max<std::int64_t>(times, 0));
    const std::size_t size =
        whole.string() ? whole.string()->size() : whole.list()->items.size() * sizeof(Value);
    if (size > 0 && count > std::numeric_limits<std::size_t>::max() / size)
        throw Failure{"repeated too often"};
    runtime.spend(size * count);
    if (whole.string()) {
        std::string text;
        for (std::size_t i = 0; i < count && size > 0; ++i)
            text += *whole.string();
        return Value(std::move(text));
    }
    Items items;
    for (std::size_t i = 0; i < count && size > 0; ++i)
        items.insert(items.end(), whole.list()->items.begin(), whole.list()->items.end());
    return runtime.makeList(std::move(items));
}

Value sum(const Value& left, const Value& right, Runtime& runtime) {
    if (left.string() && right.string())
        return runtime.makeString(*left.string() + *right.string());
    if (!left.list() || !right.list())
        refuse("add", left, right);
    Items items = left.list()->items;
    items.insert(items.end(), right.list()->items.begin(), right.list()->items.end());
    return runtime.makeList(std::move(items));
}

bool equalDicts(const Dict& left, const Dict& right, Runtime& runtime) {
    return left.entries.size() == right.entries.size() &&
           std::all_of(left.entries.begin(), left.entries.end(), [&](const auto& entry) {
               const Value* other = right.find(entry.first);
               return other && equal(entry.second, *other, runtime);
           });
}

int sign(double difference) {
    return difference < 0 ? -1 : difference > 0;
}

} // namespace

Value binary(Op op, const Value& left, const Value& right, Runtime& runtime) {
    if (op == Op::concatenate) {
        runtime.spendWalk(left);
        runtime.spendWalk(right);
        return runtime.makeString(text(left) + text(right));
    }
    needDefined(left);
    needDefined(right);
    if (left.isNumber() && right.isNumber())
        return arithmetic(op, left, right);
    if (op == Op::add)
        return sum(left, right, runtime);
    if (op == Op::multiply && right.isInteger() && (left.string() || left.list()))
        return repeated(left, right.integer(), runtime);
    if (op == Op::multiply && left.isInteger() && (right.string() || right.list()))
        return repeated(right, left.integer(), runtime);
    refuse("calculate with", left, right);
}

Value negated(const Value& value) {
    needDefined(value);
    if (value.isInteger())
        return integerArithmetic(Op::subtract, 0, value.integer());
    if (!value.isFloat())
        throw Failure{std::string("cannot negate ") + value.typeName()};
    return Value(-value.number());
}

bool equal(const Value& left, const Value& right, Runtime& runtime) {
    runtime.spend(sizeof(Value));
    if (left.isInteger() && right.isInteger())
        return left.integer() == right.integer();
    if (left.isNumber() && right.isNumber())
        return left.number() == right.number();
    if (left.string() && right.string()) {
        runtime.spend(std::min(left.string()->size(), right.string()->size()));
        return *left.string() == *right.string();
    }
    if (left.list() && right.list()) {
        const Items& a = left.list()->items;
        const Items& b = right.list()->items;
        return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                          [&](const Value& x, const Value& y) { return equal(x, y, runtime); });
    }
    if (left.dict() && right.dict())
        return equalDicts(*left.dict(), *right.dict(), runtime);
    if (left.isUndefined() || left.isNone())
        return left.data.index() == right.data.index();
    return left.space() && left.space() == right.space();
}

int order(const Value& left, const Value& right, Runtime& runtime) {
    runtime.spend(sizeof(Value));
    needDefined(left);
    needDefined(right);
    if (left.isInteger() && right.isInteger())
        return left.integer() < right.integer() ? -1 : left.integer() > right.integer();
    if (left.isNumber() && right.isNumber())
        return sign(left.number() - right.number());
    if (left.string() && right.string()) {
        runtime.spend(std::min(left.string()->size(), right.string()->size()));
        return left.string()->compare(*right.string());
    }
    if (!left.list() || !right.list())
        refuse("order", left, right);
    const Items& a = left.list()->items;
    const Items& b = right.list()->items;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
        if (const int difference = order(a[i], b[i], runtime); difference != 0)
            return difference;
    }
    return a.size() < b.size() ? -1 : a.size() > b.size();
}

bool contains(const Value& whole, const Value& part, Runtime& runtime) {
    if (whole.isUndefined())
        return false;
    if (whole.string()) {
        if (!part.string())
            throw Failure{std::string("cannot search a string for ") + part.typeName()};
        runtime.spend(searchCost(*whole.string(), *part.string()));
        return whole.string()->find(*part.string()) != std::string::npos;
    }
    if (whole.list())
        return std::any_of(whole.list()->items.begin(), whole.list()->items.end(),
                           [&](const Value& item) { return equal(item, part, runtime); });
    if (whole.dict())
        return part.string() && whole.dict()->find(*part.string());
    throw Failure{std::string("cannot search ") + whole.typeName()};
}

bool compare(Comparison::Operator op, const Value& left, const Value& right, Runtime& runtime) {
    using Comparator = Comparison::Operator;
    switch (op) {
    case Comparator::equal:
        return equal(left, right, runtime);
    case Comparator::unequal:
        return !equal(left, right, runtime);
    case Comparator::less:
        return order(left, right, runtime) < 0;
    case Comparator::lessOrEqual:
        return order(left, right, runtime) <= 0;
    case Comparator::greater:
        return order(left, right, runtime) > 0;
    case Comparator::greaterOrEqual:
        return order(left, right, runtime) >= 0;
    case Comparator::in:
        return contains(right, left, runtime);
    case Comparator::notIn:
        return !contains(right, left, runtime);
    }
    return false;
}

} // namespace bwla::jinja
