// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/text/jinja_value.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace bwla::jinja {
namespace {

template<class T>
const T* pointee(const Value& value) {
    const auto* held = std::get_if<std::shared_ptr<const T>>(&value.data);
    return held ? held->get() : nullptr;
}

std::string floatText(double number) {
    if (std::isnan(number))
        return "nan";
    if (std::isinf(number))
        return number > 0 ? "inf" : "-inf";
    return nlohmann::json(number).dump(); // shortest text that reads back, as Python's
}

std::string quoted(const std::string& text) {
    const bool useDouble =
        text.find('\'') != std::string::npos && text.find('"') == std::string::npos;
    const char quote = useDouble ? '"' : '\'';
    std::string out(1, quote);
    for (const char c : text) {
        if (c == '\n')
            out += "\\n";
        else if (c == '\r')
            out += "\\r";
        else if (c == '\t')
            out += "\\t";
        else if (c == '\\' || c == quote)
            out += {'\\', c};
        else
            out += c;
    }
    return out + quote;
}

std::string listText(const Items& items) {
    std::string out = "[";
    for (const Value& item : items)
        out += (out.size() > 1 ? ", " : "") + repr(item);
    return out + "]";
}

std::string dictText(const Entries& entries) {
    std::string out = "{";
    for (const auto& [key, value] : entries)
        out += (out.size() > 1 ? ", " : "") + quoted(key) + ": " + repr(value);
    return out + "}";
}

} // namespace

const Value* Dict::find(std::string_view key) const {
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [&](const auto& entry) { return entry.first == key; });
    return found == entries.end() ? nullptr : &found->second;
}

Value Value::undefined(const std::string& name) {
    Value value;
    value.data = Undefined{std::make_shared<const std::string>(name)};
    return value;
}

bool Value::isInteger() const {
    return isBool() || std::holds_alternative<std::int64_t>(data);
}

const std::string* Value::string() const {
    return pointee<std::string>(*this);
}

const List* Value::list() const {
    return pointee<List>(*this);
}

const Dict* Value::dict() const {
    return pointee<Dict>(*this);
}

Namespace* Value::space() const {
    const auto* held = std::get_if<Namespace*>(&data);
    return held ? *held : nullptr;
}

const Loop* Value::loop() const {
    return pointee<Loop>(*this);
}

std::int64_t Value::integer() const {
    return isBool() ? std::int64_t{std::get<bool>(data)} : std::get<std::int64_t>(data);
}

double Value::number() const {
    return isFloat() ? std::get<double>(data) : static_cast<double>(integer());
}

bool Value::truth() const {
    if (isUndefined() || isNone())
        return false;
    if (isNumber())
        return number() != 0.0;
    if (string())
        return !string()->empty();
    if (list())
        return !list()->items.empty();
    return dict() ? !dict()->entries.empty() : true;
}

Extent Value::extent() const {
    if (string())
        return {string()->size() + sizeof(Value), 0};
    if (list())
        return list()->extent;
    if (dict())
        return dict()->extent;
    if (loop())
        return {sizeof(Value), loop()->items->extent.height + 1};
    return {sizeof(Value), 0};
}

const char* Value::typeName() const {
    static constexpr const char* names[] = {"undefined",   "none",     "a boolean", "an integer",
                                            "a float",     "a string", "a list",    "a mapping",
                                            "a namespace", "a loop",   "a macro",   "a function"};
    return names[data.index()];
}

std::string text(const Value& value) {
    return value.string() ? *value.string() : repr(value);
}

std::string repr(const Value& value) {
    if (value.isUndefined())
        return {};
    if (value.isNone())
        return "None";
    if (value.isBool())
        return value.truth() ? "True" : "False";
    if (value.isInteger())
        return std::to_string(value.integer());
    if (value.isFloat())
        return floatText(value.number());
    if (value.string())
        return quoted(*value.string());
    if (value.list())
        return listText(value.list()->items);
    if (value.dict())
        return dictText(value.dict()->entries);
    return std::string("<") + value.typeName() + ">";
}

} // namespace bwla::jinja
