// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/text/jinja_methods.h"

#include "core/text/jinja_operators.h"
#include "core/text/jinja_text.h"

#include <algorithm>
#include <functional>
#include <unordered_map>

namespace bwla::jinja {
namespace {

using Method = std::function<Value(const std::string&, const Arguments&, Runtime&)>;

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

/// isdigit and its like: not empty, and all bytes pass.
template<class Predicate>
Method allBytes(Predicate passes) {
    return [passes](const std::string& self, const Arguments&, Runtime&) {
        return Value(!self.empty() && std::all_of(self.begin(), self.end(), passes));
    };
}

template<class Transform>
Method transformed(Transform transform) {
    return [transform](const std::string& self, const Arguments&, Runtime& runtime) {
        return runtime.makeString(transform(self));
    };
}

Value partition(const std::string& self, const Arguments& arguments, Runtime& runtime) {
    const std::string separator = arguments.string(0, "sep", "");
    runtime.spend(searchCost(self, separator));
    const std::size_t at = separator.empty() ? std::string::npos : self.find(separator);
    if (at == std::string::npos)
        return textList({self, "", ""}, runtime);
    return textList({self.substr(0, at), separator, self.substr(at + separator.size())}, runtime);
}

Value joinMethod(const std::string& self, const Arguments& arguments, Runtime& runtime) {
    const Items items = iterate(arguments.need(0, "iterable"), runtime);
    for (const Value& item : items) {
        if (!item.string())
            throw Failure{std::string("join of ") + item.typeName() + ", not of strings"};
    }
    return joined(items, self, runtime);
}

const std::unordered_map<std::string, Method>& stringMethods() {
    const auto isDigit = [](char c) { return c >= '0' && c <= '9'; };
    const auto isLetter = [](char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; };
    static const std::unordered_map<std::string, Method> methods{
        {"strip", strip<Side::both>},
        {"lstrip", strip<Side::left>},
        {"rstrip", strip<Side::right>},
        {"split", splitMethod<Side::left>},
        {"rsplit", splitMethod<Side::right>},
        {"splitlines",
         [](const std::string& self, const Arguments&, Runtime& runtime) {
             runtime.spend(self.size() * sizeof(Value));
             return textList(splitLines(self), runtime);
         }},
        {"partition", partition},
        {"startswith", edgeMethod<true>},
        {"endswith", edgeMethod<false>},
        {"find", findMethod<false>},
        {"rfind", findMethod<true>},
        {"upper", transformed(upper)},
        {"lower", transformed(lower)},
        {"capitalize", transformed(capitalized)},
        {"title", transformed([](const std::string& text) { return titled(text, ""); })},
        {"isdigit", allBytes(isDigit)},
        {"isnumeric", allBytes(isDigit)},
        {"isalpha", allBytes(isLetter)},
        {"isalnum", allBytes([=](char c) { return isDigit(c) || isLetter(c); })},
        {"isspace",
         [](const std::string& self, const Arguments&, Runtime&) {
             return Value(!self.empty() && stripped(self, Side::both, {}).empty());
         }},
        {"isupper", [](const std::string& self, const Arguments&,
                       Runtime&) { return Value(self == upper(self) && self != lower(self)); }},
        {"islower", [](const std::string& self, const Arguments&,
                       Runtime&) { return Value(self == lower(self) && self != upper(self)); }},
        {"removeprefix",
         [](const std::string& self, const Arguments& arguments, Runtime& runtime) {
             const std::string part = arguments.string(0, "prefix", "");
             return runtime.makeString(self.starts_with(part) ? self.substr(part.size()) : self);
         }},
        {"removesuffix",
         [](const std::string& self, const Arguments& arguments, Runtime& runtime) {
             const std::string part = arguments.string(0, "suffix", "");
             return runtime.makeString(
                 self.ends_with(part) ? self.substr(0, self.size() - part.size()) : self);
         }},
        {"replace",
         [](const std::string& self, const Arguments& arguments, Runtime& runtime) {
             return replacedText(self, arguments.string(0, "old", ""),
                                 arguments.string(1, "new", ""), arguments.integer(2, "count", -1),
                                 runtime);
         }},
        {"count",
         [](const std::string& self, const Arguments& arguments, Runtime& runtime) {
             const std::string part = arguments.string(0, "sub", "");
             runtime.spend(searchCost(self, part));
             return part.empty() ? Value(*length(Value(self)) + 1) : Value(countOf(self, part));
         }},
        {"join", joinMethod},
    };
    return methods;
}

Value callDictMethod(const Dict& dict, const std::string& name, const Arguments& arguments,
                     Runtime& runtime) {
    if (name == "items")
        return itemPairs(dict, runtime);
    if (name == "get") {
        const Value& key = arguments.need(0, "key");
        if (const Value* found = key.string() ? dict.find(*key.string()) : nullptr)
            return *found;
        const Value* otherwise = arguments.find(1, "default");
        return otherwise ? *otherwise : Value(None{});
    }
    if (name != "keys" && name != "values")
        throw Failure{"a mapping has no method '" + name + "' that templates may call"};
    Items items;
    for (const auto& [key, value] : dict.entries)
        items.push_back(name == "keys" ? runtime.makeString(key) : value);
    return runtime.makeList(std::move(items));
}

Value callListMethod(const List& list, const std::string& name, const Arguments& arguments,
                     Runtime& runtime) {
    const auto isWanted = [&](const Value& item) {
        return equal(item, arguments.need(0, "value"), runtime);
    };
    if (name == "count")
        return Value(std::int64_t{std::count_if(list.items.begin(), list.items.end(), isWanted)});
    if (name != "index")
        throw Failure{"a list has no method '" + name + "' that templates may call"};
    const auto found = std::find_if(list.items.begin(), list.items.end(), isWanted);
    if (found == list.items.end())
        throw Failure{"the list has no such item"};
    return Value(std::int64_t{found - list.items.begin()});
}

} // namespace

Value callMethod(const Value& object, const std::string& name, const Arguments& arguments,
                 Runtime& runtime) {
    if (object.dict())
        return callDictMethod(*object.dict(), name, arguments, runtime);
    if (object.list())
        return callListMethod(*object.list(), name, arguments, runtime);
    if (!object.string())
        throw Failure{std::string(object.typeName()) + " has no method '" + name + "'"};
    const auto found = stringMethods().find(name);
    if (found == stringMethods().end())
        throw Failure{"a string has no method '" + name + "' that templates may call"};
    runtime.spend(object.string()->size());
    return found->second(*object.string(), arguments, runtime);
}

Value joined(const Items& items, const std::string& separator, Runtime& runtime) {
    runtime.spend(separator.size() * items.size());
    std::string out;
    for (std::size_t i = 0; i < items.size(); ++i) {
        runtime.spendWalk(items[i]);
        out += i > 0 ? separator : "";
        out += text(items[i]);
    }
    return runtime.makeString(std::move(out));
}

Value replacedText(const std::string& text, const std::string& part, const std::string& with,
                   std::int64_t limit, Runtime& runtime) {
    if (part.empty())
        throw Failure{"replace of an empty string"};
    runtime.spend(2 * searchCost(text, part));
    runtime.spend(static_cast<std::size_t>(countOf(text, part)) * with.size());
    return runtime.makeString(replaced(text, part, with, limit));
}

Value itemPairs(const Dict& dict, Runtime& runtime) {
    Items pairs;
    for (const auto& [key, value] : dict.entries)
        pairs.push_back(runtime.makeList({runtime.makeString(key), value}));
    return runtime.makeList(std::move(pairs));
}

} // namespace bwla::jinja
