// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/text/jinja_string_methods.h"

#include "core/text/jinja_methods.h"
#include "core/text/jinja_operators.h"
#include "core/text/jinja_text.h"

#include <algorithm>
#include <unordered_map>

namespace bwla::jinja {
namespace {

using Method = Value (*)(const std::string& self, const Arguments& arguments, Runtime& runtime);

Value textList(const std::vector<std::string>& texts, Runtime& runtime) {
    runtime.spend(texts.size() * sizeof(Value));
    Items items;
    for (const std::string& text : texts)
        items.push_back(runtime.makeString(text));
    return runtime.makeList(std::move(items));
}

template<Side side>
Value strip(const std::string& self, const Arguments& arguments, Runtime& runtime) {
    const Value* characters = arguments.find(0, "chars");
    if (!characters || characters->isNone())
        return runtime.makeString(stripped(self, side, {}));
    const std::string set = arguments.string(0, "chars", "");
    runtime.spend(searchCost(self, set));
    return runtime.makeString(stripped(self, side, set));
}

template<Side side>
Value splitMethod(const std::string& self, const Arguments& arguments, Runtime& runtime) {
    const std::int64_t limit = arguments.integer(1, "maxsplit", -1);
    const Value* given = arguments.find(0, "sep");
    // Every second byte could be a part of its own.
    runtime.spend(self.size() * sizeof(Value) / 2);
    if (!given || given->isNone())
        return textList(splitAtSpaces(self, limit, side), runtime);
    const std::string separator = arguments.string(0, "sep", "");
    if (separator.empty())
        throw Failure{"split at an empty string"};
    runtime.spend(searchCost(self, separator));
    return textList(split(self, separator, limit, side), runtime);
}

/// startswith, endswith: of one string or any of a list.
template<bool atStart>
Value edgeMethod(const std::string& self, const Arguments& arguments, Runtime& runtime) {
    const Value& wanted = arguments.need(0, "prefix");
    const Items candidates = wanted.list() ? iterate(wanted, runtime) : Items{wanted};
    return std::any_of(candidates.begin(), candidates.end(), [&](const Value& candidate) {
        if (!candidate.string())
            throw Failure{std::string("a string cannot start or end with ") + candidate.typeName()};
        return atStart ? self.starts_with(*candidate.string())
                       : self.ends_with(*candidate.string());
    });
}

template<bool fromRight>
Value findMethod(const std::string& self, const Arguments& arguments, Runtime& runtime) {
    const std::string part = arguments.string(0, "sub", "");
    runtime.spend(searchCost(self, part));
    const std::size_t at = fromRight ? self.rfind(part) : self.find(part);
    return at == std::string::npos ? Value(std::int64_t{-1})
                                   : Value(*length(Value(self.substr(0, at)))); // in characters
}

template<std::string (*transform)(std::string)>
Value transformed(const std::string& self, const Arguments&, Runtime& runtime) {
    return runtime.makeString(transform(self));
}

std::string titledWords(std::string text) {
    return titled(std::move(text), "");
}

bool isDigit(char c) {
    return c >= '0' && c <= '9';
}
bool isLetter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool isEither(char c) {
    return isDigit(c) || isLetter(c);
}

/// isdigit and its like: not empty, and all bytes pass.
template<bool (*passes)(char)>
Value allBytes(const std::string& self, const Arguments&, Runtime&) {
    return Value(!self.empty() && std::all_of(self.begin(), self.end(), passes));
}

Value isSpace(const std::string& self, const Arguments&, Runtime&) {
    return Value(!self.empty() && stripped(self, Side::both, {}).empty());
}

Value isUpper(const std::string& self, const Arguments&, Runtime&) {
    return Value(self == upper(self) && self != lower(self));
}

Value isLower(const std::string& self, const Arguments&, Runtime&) {
    return Value(self == lower(self) && self != upper(self));
}

Value lines(const std::string& self, const Arguments&, Runtime& runtime) {
    runtime.spend(self.size() * sizeof(Value)); // every byte could be a line
    return textList(splitLines(self), runtime);
}

Value partition(const std::string& self, const Arguments& arguments, Runtime& runtime) {
    const std::string separator = arguments.string(0, "sep", "");
    runtime.spend(searchCost(self, separator));
    const std::size_t at = separator.empty() ? std::string::npos : self.find(separator);
    if (at == std::string::npos)
        return textList({self, "", ""}, runtime);
    return textList({self.substr(0, at), separator, self.substr(at + separator.size())}, runtime);
}

Value removePrefix(const std::string& self, const Arguments& arguments, Runtime& runtime) {
    const std::string part = arguments.string(0, "prefix", "");
    return runtime.makeString(self.starts_with(part) ? self.substr(part.size()) : self);
}

Value removeSuffix(const std::string& self, const Arguments& arguments, Runtime& runtime) {
    const std::string part = arguments.string(0, "suffix", "");
    return runtime.makeString(self.ends_with(part) ? self.substr(0, self.size() - part.size())
                                                   : self);
}

Value replace(const std::string& self, const Arguments& arguments, Runtime& runtime) {
    return replacedText(self, arguments.string(0, "old", ""), arguments.string(1, "new", ""),
                        arguments.integer(2, "count", -1), runtime);
}

Value count(const std::string& self, const Arguments& arguments, Runtime& runtime) {
    const std::string part = arguments.string(0, "sub", "");
    runtime.spend(searchCost(self, part));
    return part.empty() ? Value(*length(Value(self)) + 1) : Value(countOf(self, part));
}

Value join(const std::string& self, const Arguments& arguments, Runtime& runtime) {
    const Items items = iterate(arguments.need(0, "iterable"), runtime);
    for (const Value& item : items) {
        if (!item.string())
            throw Failure{std::string("join of ") + item.typeName() + ", not of strings"};
    }
    return joined(items, self, runtime);
}

const std::unordered_map<std::string, Method> methods{
    {"strip", strip<Side::both>},
    {"lstrip", strip<Side::left>},
    {"rstrip", strip<Side::right>},
    {"split", splitMethod<Side::left>},
    {"rsplit", splitMethod<Side::right>},
    {"splitlines", lines},
    {"partition", partition},
    {"startswith", edgeMethod<true>},
    {"endswith", edgeMethod<false>},
    {"find", findMethod<false>},
    {"rfind", findMethod<true>},
    {"count", count},
    {"upper", transformed<upper>},
    {"lower", transformed<lower>},
    {"capitalize", transformed<capitalized>},
    {"title", transformed<titledWords>},
    {"isdigit", allBytes<isDigit>},
    {"isnumeric", allBytes<isDigit>},
    {"isalpha", allBytes<isLetter>},
    {"isalnum", allBytes<isEither>},
    {"isspace", isSpace},
    {"isupper", isUpper},
    {"islower", isLower},
    {"removeprefix", removePrefix},
    {"removesuffix", removeSuffix},
    {"replace", replace},
    {"join", join},
};

} // namespace

Value callStringMethod(const std::string& self, const std::string& name, const Arguments& arguments,
                       Runtime& runtime) {
    const auto found = methods.find(name);
    if (found == methods.end())
        throw Failure{"a string has no method '" + name + "' that templates may call"};
    runtime.spend(self.size());
    return found->second(self, arguments, runtime);
}

} // namespace bwla::jinja
