// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/text/jinja_methods.h"

#include "core/text/jinja_operators.h"
#include "core/text/jinja_string_methods.h"
#include "core/text/jinja_text.h"

#include <algorithm>

namespace bwla::jinja {
namespace {

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
    if (object.string())
        return callStringMethod(*object.string(), name, arguments, runtime);
    throw Failure{std::string(object.typeName()) + " has no method '" + name + "'"};
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
