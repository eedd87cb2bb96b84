// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/text/jinja_filters.h"

#include "core/text/jinja_json.h"
#include "core/text/jinja_list_filters.h"
#include "core/text/jinja_methods.h"
#include "core/text/jinja_operators.h"
#include "core/text/jinja_text.h"

#include <charconv>
#include <cmath>
#include <functional>
#include <unordered_map>

namespace bwla::jinja {
namespace {

using Input = const Value&;
using FilterFunction = std::function<Value(Input, const Arguments&, Runtime&)>;

std::string textOf(Input input, Runtime& runtime) {
    runtime.spendWalk(input);
    return text(input);
}

template<class Transform>
FilterFunction transformed(Transform transform) {
    return [transform](Input input, const Arguments&, Runtime& runtime) {
        return runtime.makeString(transform(textOf(input, runtime)));
    };
}

Value trim(Input input, const Arguments& arguments, Runtime& runtime) {
    const Value* characters = arguments.find(0, "chars");
    const std::string whole = textOf(input, runtime);
    if (!characters || characters->isNone())
        return runtime.makeString(stripped(whole, Side::both, {}));
    return runtime.makeString(stripped(whole, Side::both, arguments.string(0, "chars", "")));
}

Value replace(Input input, const Arguments& arguments, Runtime& runtime) {
    const Value* count = arguments.find(2, "count");
    return replacedText(
        textOf(input, runtime), text(arguments.need(0, "old")), text(arguments.need(1, "new")),
        count && !count->isNone() ? arguments.integer(2, "count", -1) : -1, runtime);
}

Value defaultValue(Input input, const Arguments& arguments, Runtime&) {
    const bool replaceFalse = arguments.flag(1, "boolean", false);
    if (!input.isUndefined() && (!replaceFalse || input.truth()))
        return input;
    const Value* otherwise = arguments.find(0, "default_value");
    return otherwise ? *otherwise : Value("");
}

Value lengthOf(Input input, const Arguments&, Runtime&) {
    const auto count = length(input);
    if (!count)
        throw Failure{std::string(input.typeName()) + " has no length"};
    return Value(*count);
}

/// The number that a text spells as a whole, white space around it apart.
template<class Number>
std::optional<Number> numberIn(const std::string& text) {
    const std::string digits = stripped(text, Side::both, {});
    const char* begin = digits.data() + (digits.starts_with('+') ? 1 : 0);
    const char* end = digits.data() + digits.size();
    Number number{};
    const auto read = std::from_chars(begin, end, number);
    return read.ec == std::errc() && read.ptr == end ? std::optional(number) : std::nullopt;
}

Value toInteger(Input input, const Arguments& arguments, Runtime&) {
    if (input.isInteger())
        return Value(input.integer());
    if (input.isFloat() && std::abs(input.number()) < 0x1p63)
        return Value(static_cast<std::int64_t>(input.number()));
    if (input.string()) {
        if (const auto integer = numberIn<std::int64_t>(*input.string()))
            return Value(*integer);
        const auto number = numberIn<double>(*input.string());
        if (number && std::abs(*number) < 0x1p63)
            return Value(static_cast<std::int64_t>(*number));
    }
    const Value* otherwise = arguments.find(0, "default");
    return otherwise ? *otherwise : Value(std::int64_t{0});
}

Value toFloat(Input input, const Arguments& arguments, Runtime&) {
    if (input.isNumber())
        return Value(input.number());
    if (input.string()) {
        if (const auto number = numberIn<double>(*input.string()))
            return Value(*number);
    }
    const Value* otherwise = arguments.find(0, "default");
    return otherwise ? *otherwise : Value(0.0);
}

Value absolute(Input input, const Arguments&, Runtime&) {
    if (!input.isNumber())
        throw Failure{std::string("abs of ") + input.typeName()};
    return input.number() < 0 ? negated(input) : input;
}

/// Each line but the first gets `width` spaces; blank lines only if asked for.
Value indent(Input input, const Arguments& arguments, Runtime& runtime) {
    const Value* width = arguments.find(0, "width");
    const std::int64_t spaces = width && width->string() ? 0 : arguments.integer(0, "width", 4);
    if (spaces < 0 || spaces > 1000)
        throw Failure{"indent: width out of range"};
    const std::string padding = width && width->string()
                                    ? *width->string()
                                    : std::string(static_cast<std::size_t>(spaces), ' ');
    const bool first = arguments.flag(1, "first", false);
    const bool blank = arguments.flag(2, "blank", false);
    const std::string whole = textOf(input, runtime);
    runtime.spend(static_cast<std::size_t>(countOf(whole, "\n") + 1) *
                  (padding.size() + sizeof(std::string)));
    std::string out;
    bool isFirst = true;
    for (const std::string& line : split(whole, "\n", -1, Side::left)) {
        out += isFirst ? "" : "\n";
        if (isFirst ? first : (blank || !line.empty()))
            out += padding;
        out += line;
        isFirst = false;
    }
    return runtime.makeString(std::move(out));
}

Value items(Input input, const Arguments&, Runtime& runtime) {
    if (input.isUndefined())
        return runtime.makeList({});
    if (!input.dict())
        throw Failure{std::string("items of ") + input.typeName()};
    return itemPairs(*input.dict(), runtime);
}

const std::unordered_map<std::string, FilterFunction>& filters() {
    const auto same = [](Input input, const Arguments&, Runtime&) { return input; };
    const auto title = [](const std::string& text) { return titled(text, "- \t\n\r\v\f({[<"); };
    static const std::unordered_map<std::string, FilterFunction> table{
        {"trim", trim},
        {"upper", transformed(upper)},
        {"lower", transformed(lower)},
        {"capitalize", transformed(capitalized)},
        {"title", transformed(title)},
        {"string", transformed([](std::string text) { return text; })},
        {"safe", same}, // nothing is escaped
        {"replace", replace},
        {"indent", indent},
        {"default", defaultValue},
        {"d", defaultValue},
        {"length", lengthOf},
        {"count", lengthOf},
        {"int", toInteger},
        {"float", toFloat},
        {"abs", absolute},
        {"items", items},
        {"tojson", toJson},
        {"join", joinFilter},
        {"first", firstItem},
        {"last", lastItem},
        {"list", toList},
        {"reverse", reversed},
        {"sort", sorted},
        {"dictsort", sortedPairs},
        {"unique", unique},
        {"min", smallest},
        {"max", largest},
        {"sum", total},
        {"map", mapped},
        {"select", select},
        {"reject", reject},
        {"selectattr", selectByAttribute},
        {"rejectattr", rejectByAttribute},
    };
    return table;
}

} // namespace

Value applyFilter(const std::string& name, const Value& input, const Arguments& arguments,
                  Runtime& runtime) {
    const auto found = filters().find(name);
    if (found == filters().end())
        throw Failure{"filter '" + name + "' is not supported"};
    runtime.spend(sizeof(Value));
    return found->second(input, arguments, runtime);
}

} // namespace bwla::jinja
