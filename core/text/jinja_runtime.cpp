// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/text/jinja_runtime.h"

#include <algorithm>

namespace bwla::jinja {
namespace {

constexpr int maxHeight = 100;
constexpr std::size_t maxTreeBytes = std::size_t{64} << 20;

void include(Extent& whole, const Value& part, std::size_t keyBytes) {
    const Extent extent = part.extent();
    whole.bytes += extent.bytes + keyBytes;
    whole.height = std::max(whole.height, extent.height + 1);
    if (whole.bytes > maxTreeBytes || whole.height > maxHeight)
        throw Failure{"the template builds too large a value"};
}

} // namespace

Value Runtime::makeString(std::string text) {
    spend(text.size());
    return Value(std::move(text));
}

Value Runtime::makeList(Items items) {
    spend(items.size() * sizeof(Value));
    auto list = std::make_shared<List>();
    list->extent.bytes = sizeof(Value);
    for (const Value& item : items)
        include(list->extent, item, 0);
    list->items = std::move(items);
    return Value(std::shared_ptr<const List>(std::move(list)));
}

Value Runtime::makeDict(Entries entries) {
    spend(entries.size() * sizeof(Entries::value_type));
    auto dict = std::make_shared<Dict>();
    dict->extent.bytes = sizeof(Value);
    for (const auto& [key, value] : entries)
        include(dict->extent, value, key.size());
    dict->entries = std::move(entries);
    return Value(std::shared_ptr<const Dict>(std::move(dict)));
}

Value Runtime::makeNamespace(Entries entries) {
    spend(sizeof(Namespace) + entries.size() * sizeof(Entries::value_type));
    return Value(&namespaces_.emplace_back(Namespace{std::move(entries)}));
}

const Value* Arguments::find(std::size_t index, std::string_view name) const {
    if (index < positional.size())
        return &positional[index];
    const auto found = std::find_if(named.begin(), named.end(),
                                    [&](const auto& entry) { return entry.first == name; });
    return found == named.end() ? nullptr : &found->second;
}

const Value& Arguments::need(std::size_t index, std::string_view name) const {
    const Value* value = find(index, name);
    if (!value)
        throw Failure{"argument '" + std::string(name) + "' is missing"};
    return *value;
}

bool Arguments::flag(std::size_t index, std::string_view name, bool otherwise) const {
    const Value* value = find(index, name);
    return value ? value->truth() : otherwise;
}

std::int64_t Arguments::integer(std::size_t index, std::string_view name,
                                std::int64_t otherwise) const {
    const Value* value = find(index, name);
    if (value && !value->isInteger())
        throw Failure{"argument '" + std::string(name) + "' must be an integer, not " +
                      value->typeName()};
    return value ? value->integer() : otherwise;
}

std::string Arguments::string(std::size_t index, std::string_view name,
                              const std::string& otherwise) const {
    const Value* value = find(index, name);
    if (value && !value->string())
        throw Failure{"argument '" + std::string(name) + "' must be a string, not " +
                      value->typeName()};
    return value ? *value->string() : otherwise;
}

Arguments Arguments::after(std::size_t count) const {
    Arguments rest;
    rest.named = named;
    if (count < positional.size())
        rest.positional.assign(positional.begin() + static_cast<std::ptrdiff_t>(count),
                               positional.end());
    return rest;
}

} // namespace bwla::jinja
