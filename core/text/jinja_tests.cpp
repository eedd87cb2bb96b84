// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/text/jinja_tests.h"

#include "core/text/jinja_operators.h"
#include "core/text/jinja_text.h"

#include <functional>
#include <unordered_map>

namespace bwla::jinja {
namespace {

using Input = const Value&;
using TestFunction = std::function<bool(Input, const Arguments&, Runtime&)>;

TestFunction ofType(bool (*predicate)(Input)) {
    return [predicate](Input input, const Arguments&, Runtime&) { return predicate(input); };
}

TestFunction comparing(Comparison::Operator op) {
    return [op](Input input, const Arguments& arguments, Runtime& runtime) {
        return compare(op, input, arguments.need(0, "other"), runtime);
    };
}

TestFunction remainderOfTwo(std::int64_t wanted) {
    return [wanted](Input input, const Arguments&, Runtime& runtime) {
        const Value rest = binary(Binary::Operator::modulo, input, Value(std::int64_t{2}), runtime);
        return rest.number() == static_cast<double>(wanted);
    };
}

bool isIterable(Input v) {
    return v.isUndefined() || v.string() || v.list() || v.dict();
}

bool isCallable(Input v) {
    return std::holds_alternative<const Macro*>(v.data) ||
           std::holds_alternative<const Function*>(v.data);
}

const std::unordered_map<std::string, TestFunction>& tests() {
    using Op = Comparison::Operator;
    static const std::unordered_map<std::string, TestFunction> table{
        {"defined", ofType([](Input v) { return !v.isUndefined(); })},
        {"undefined", ofType([](Input v) { return v.isUndefined(); })},
        {"none", ofType([](Input v) { return v.isNone(); })},
        {"boolean", ofType([](Input v) { return v.isBool(); })},
        {"true", ofType([](Input v) { return v.isBool() && v.truth(); })},
        {"false", ofType([](Input v) { return v.isBool() && !v.truth(); })},
        {"integer", ofType([](Input v) { return v.isInteger() && !v.isBool(); })},
        {"float", ofType([](Input v) { return v.isFloat(); })},
        {"number", ofType([](Input v) { return v.isNumber(); })},
        {"string", ofType([](Input v) { return v.string() != nullptr; })},
        {"mapping", ofType([](Input v) { return v.dict() != nullptr; })},
        {"sequence", ofType(isIterable)},
        {"iterable", ofType(isIterable)},
        {"callable", ofType(isCallable)},
        {"lower", ofType([](Input v) { return text(v) == lower(text(v)); })},
        {"upper", ofType([](Input v) { return text(v) == upper(text(v)); })},
        {"odd", remainderOfTwo(1)},
        {"even", remainderOfTwo(0)},
        {"divisibleby",
         [](Input input, const Arguments& arguments, Runtime& runtime) {
             return !binary(Binary::Operator::modulo, input, arguments.need(0, "num"), runtime)
                         .truth();
         }},
        {"sameas",
         [](Input input, const Arguments& arguments, Runtime& runtime) {
             const Value& other = arguments.need(0, "other");
             return input.data.index() == other.data.index() && equal(input, other, runtime);
         }},
        {"in", comparing(Op::in)},
        {"equalto", comparing(Op::equal)},
        {"eq", comparing(Op::equal)},
        {"ne", comparing(Op::unequal)},
        {"lt", comparing(Op::less)},
        {"lessthan", comparing(Op::less)},
        {"le", comparing(Op::lessOrEqual)},
        {"gt", comparing(Op::greater)},
        {"greaterthan", comparing(Op::greater)},
        {"ge", comparing(Op::greaterOrEqual)},
        {"==", comparing(Op::equal)}, // as arguments of select: "=="
        {"!=", comparing(Op::unequal)},
        {"<", comparing(Op::less)},
        {"<=", comparing(Op::lessOrEqual)},
        {">", comparing(Op::greater)},
        {">=", comparing(Op::greaterOrEqual)},
    };
    return table;
}

} // namespace

bool applyTest(const std::string& name, const Value& input, const Arguments& arguments,
               Runtime& runtime) {
    const auto found = tests().find(name);
    if (found == tests().end())
        throw Failure{"test '" + name + "' is not supported"};
    runtime.spend(sizeof(Value));
    return found->second(input, arguments, runtime);
}

} // namespace bwla::jinja
