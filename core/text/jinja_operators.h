// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/text/jinja_ast.h"
#include "core/text/jinja_runtime.h"

#include <optional>

/// Python's operators on values. All of them throw Failure where Python raises an exception.
namespace bwla::jinja {

[[nodiscard]] Value binary(Binary::Operator op, const Value& left, const Value& right,
                           Runtime& runtime);
[[nodiscard]] Value negated(const Value& value);

[[nodiscard]] bool equal(const Value& left, const Value& right, Runtime& runtime);
/// Below, at or above zero as `left` sorts before, with or after `right`.
[[nodiscard]] int order(const Value& left, const Value& right, Runtime& runtime);
[[nodiscard]] bool contains(const Value& whole, const Value& part, Runtime& runtime);
[[nodiscard]] bool compare(Comparison::Operator op, const Value& left, const Value& right,
                           Runtime& runtime);

/// object[index]: keys of a mapping, positions of a list, characters of a string; undefined where
/// there is none.
[[nodiscard]] Value item(const Value& object, const Value& index, Runtime& runtime);
/// "a.b.0": item() along a path, as the `attribute` argument of filters.
[[nodiscard]] Value itemAtPath(const Value& object, const std::string& path, Runtime& runtime);
[[nodiscard]] Value slice(const Value& object, const Value& start, const Value& stop,
                          const Value& step, Runtime& runtime);
/// What a for loop goes over: items, keys, characters.
[[nodiscard]] Items iterate(const Value& value, Runtime& runtime);
/// Items, keys or characters. None for values without a length.
[[nodiscard]] std::optional<std::int64_t> length(const Value& value);

} // namespace bwla::jinja
