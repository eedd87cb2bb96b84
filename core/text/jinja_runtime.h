// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/text/jinja_value.h"

#include <deque>

namespace bwla::jinja {

/// What one rendering may use up. A chat template comes with a model from the network, so it may
/// neither run forever nor fill the memory: every step and every byte made is paid from here.
class Runtime {
public:
    /// Throws Failure once the rendering has used up its share.
    void spend(std::size_t bytes) {
        if (bytes > left_)
            throw Failure{"the template does not end, or makes too much text"};
        left_ -= bytes;
    }
    /// Pays for walking the whole of a value: comparing, printing, searching it.
    void spendWalk(const Value& value) { spend(value.extent().bytes); }

    [[nodiscard]] Value makeString(std::string text);
    [[nodiscard]] Value makeList(Items items);
    [[nodiscard]] Value makeDict(Entries entries);
    [[nodiscard]] Value makeNamespace(Entries entries);

private:
    // 1 MB of chat passes some ten times through a usual template.
    static constexpr std::size_t renderingBytes = std::size_t{128} << 20;
    std::size_t left_ = renderingBytes;
    std::deque<Namespace> namespaces_; // owned here: a namespace may refer to itself
};

/// The evaluated arguments of a call.
struct Arguments {
    Items positional;
    Entries named;

    /// The argument at `index` or called `name`; null where it was not given.
    [[nodiscard]] const Value* find(std::size_t index, std::string_view name) const;
    /// As find, but throws Failure where it was not given.
    [[nodiscard]] const Value& need(std::size_t index, std::string_view name) const;
    [[nodiscard]] bool flag(std::size_t index, std::string_view name, bool otherwise) const;
    [[nodiscard]] std::int64_t integer(std::size_t index, std::string_view name,
                                       std::int64_t otherwise) const;
    /// Text of a string argument. Throws Failure where it is no string.
    [[nodiscard]] std::string string(std::size_t index, std::string_view name,
                                     const std::string& otherwise) const;
    /// All but the first `count` positional arguments.
    [[nodiscard]] Arguments after(std::size_t count) const;
};

} // namespace bwla::jinja
