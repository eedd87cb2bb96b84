// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/text/jinja_operators.h"
#include "core/text/utf8.h"

#include <algorithm>
#include <charconv>

namespace bwla::jinja {
namespace {

/// Index from the front for one that may count from the end; -1 where there is no such item.
std::int64_t position(std::int64_t index, std::int64_t size) {
    const std::int64_t fromFront = index < 0 ? index + size : index;
    return fromFront >= 0 && fromFront < size ? fromFront : -1;
}

Items characters(const std::string& text, Runtime& runtime) {
    runtime.spend(text.size() * sizeof(Value));
    Items items;
    for (const std::string_view character : utf8Chars(text))
        items.emplace_back(std::string(character));
    return items;
}

/// Python's slice indices: which positions of `size` items [start:stop:step] takes.
std::vector<std::size_t> slicePositions(std::int64_t size, const Value& start, const Value& stop,
                                        const Value& step) {
    const auto integer = [](const Value& value, std::int64_t otherwise) {
        if (value.isUndefined() || value.isNone())
            return otherwise;
        if (!value.isInteger())
            throw Failure{std::string("slice index is ") + value.typeName()};
        return value.integer();
    };
    const std::int64_t stride = integer(step, 1);
    if (stride == 0)
        throw Failure{"slice step is zero"};
    const std::int64_t low = stride > 0 ? 0 : -1;
    const std::int64_t high = stride > 0 ? size : size - 1;
    const auto bound = [&](const Value& value, std::int64_t otherwise) {
        if (value.isUndefined() || value.isNone())
            return otherwise;
        const std::int64_t index = std::clamp(integer(value, 0), -size - 1, size);
        return std::clamp(index < 0 ? index + size : index, low, high);
    };
    const std::int64_t first = bound(start, stride > 0 ? low : high);
    const std::int64_t last = bound(stop, stride > 0 ? high : low);
    // A stride beyond the size takes one item at most; the limit keeps the sum below in range.
    const std::int64_t move = std::clamp(stride, -size - 1, size + 1);
    std::vector<std::size_t> positions;
    for (std::int64_t i = first; move > 0 ? i < last : i > last; i += move)
        positions.push_back(static_cast<std::size_t>(i));
    return positions;
}

Value loopField(const Loop& loop, const std::string& name) {
    const auto size = static_cast<std::int64_t>(loop.items->items.size());
    const auto neighbour = [&](std::int64_t index) {
        return index >= 0 && index < size ? loop.items->items[static_cast<std::size_t>(index)]
                                          : Value::undefined("loop." + name);
    };
    const std::int64_t i = loop.index0;
    if (name == "index")
        return Value(i + 1);
    if (name == "index0")
        return Value(i);
    if (name == "revindex")
        return Value(size - i);
    if (name == "revindex0")
        return Value(size - i - 1);
    if (name == "length")
        return Value(size);
    if (name == "first")
        return Value(i == 0);
    if (name == "last")
        return Value(i + 1 == size);
    if (name == "previtem")
        return neighbour(i - 1);
    if (name == "nextitem")
        return neighbour(i + 1);
    return Value::undefined("loop." + name);
}

const Value* namedItem(const Value& object, const std::string& name) {
    if (object.dict())
        return object.dict()->find(name);
    if (!object.space())
        return nullptr;
    const Entries& entries = object.space()->entries;
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [&](const auto& entry) { return entry.first == name; });
    return found == entries.end() ? nullptr : &found->second;
}

} // namespace

Value item(const Value& object, const Value& index, Runtime& runtime) {
    if (object.isUndefined()) {
        const auto& name = std::get<Undefined>(object.data).name;
        throw Failure{"'" + (name ? *name : std::string("value")) + "' is undefined"};
    }
    if (const std::string* name = index.string()) {
        if (object.loop())
            return loopField(*object.loop(), *name);
        const Value* found = namedItem(object, *name);
        return found ? *found : Value::undefined(*name);
    }
    if (index.isInteger() && object.list()) {
        const Items& items = object.list()->items;
        const auto at = position(index.integer(), static_cast<std::int64_t>(items.size()));
        if (at >= 0)
            return items[static_cast<std::size_t>(at)];
    } else if (index.isInteger() && object.string()) {
        const Items items = characters(*object.string(), runtime);
        const auto at = position(index.integer(), static_cast<std::int64_t>(items.size()));
        if (at >= 0)
            return items[static_cast<std::size_t>(at)];
    }
    return Value::undefined(text(index));
}

Value itemAtPath(const Value& object, const std::string& path, Runtime& runtime) {
    Value value = object;
    for (std::size_t at = 0; at <= path.size();) {
        const std::size_t end = std::min(path.find('.', at), path.size());
        const std::string part = path.substr(at, end - at);
        std::int64_t number = 0;
        const auto read = std::from_chars(part.data(), part.data() + part.size(), number);
        const bool isNumber = read.ec == std::errc() && read.ptr == part.data() + part.size();
        value = item(value, isNumber ? Value(number) : Value(part), runtime);
        at = end + 1;
    }
    return value;
}

Value slice(const Value& object, const Value& start, const Value& stop, const Value& step,
            Runtime& runtime) {
    if (!object.string() && !object.list())
        throw Failure{std::string("cannot slice ") + object.typeName()};
    const Items items =
        object.string() ? characters(*object.string(), runtime) : object.list()->items;
    Items taken;
    std::string joined;
    for (const std::size_t i :
         slicePositions(static_cast<std::int64_t>(items.size()), start, stop, step)) {
        if (object.string())
            joined += *items[i].string();
        else
            taken.push_back(items[i]);
    }
    return object.string() ? runtime.makeString(std::move(joined))
                           : runtime.makeList(std::move(taken));
}

Items iterate(const Value& value, Runtime& runtime) {
    if (value.isUndefined())
        return {};
    if (value.list()) {
        runtime.spend(value.list()->items.size() * sizeof(Value));
        return value.list()->items;
    }
    if (value.string())
        return characters(*value.string(), runtime);
    if (!value.dict())
        throw Failure{std::string("cannot iterate over ") + value.typeName()};
    Items keys;
    for (const auto& entry : value.dict()->entries)
        keys.push_back(runtime.makeString(entry.first));
    return keys;
}

std::optional<std::int64_t> length(const Value& value) {
    const auto count = [](std::size_t n) { return static_cast<std::int64_t>(n); };
    if (value.isUndefined())
        return 0;
    if (value.string())
        return std::count_if(value.string()->begin(), value.string()->end(),
                             [](char byte) { return (byte & 0xC0) != 0x80; });
    if (value.list())
        return count(value.list()->items.size());
    if (value.dict())
        return count(value.dict()->entries.size());
    return value.loop() ? std::optional(count(value.loop()->items->items.size())) : std::nullopt;
}

} // namespace bwla::jinja
