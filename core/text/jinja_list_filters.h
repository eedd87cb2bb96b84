// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/text/jinja_runtime.h"

/// Filters over the items of a value, with the arguments that Jinja documents. Throw Failure.
namespace bwla::jinja {

[[nodiscard]] Value joinFilter(const Value& input, const Arguments& arguments, Runtime& runtime);
[[nodiscard]] Value firstItem(const Value& input, const Arguments& arguments, Runtime& runtime);
[[nodiscard]] Value lastItem(const Value& input, const Arguments& arguments, Runtime& runtime);
[[nodiscard]] Value toList(const Value& input, const Arguments& arguments, Runtime& runtime);
[[nodiscard]] Value reversed(const Value& input, const Arguments& arguments, Runtime& runtime);
[[nodiscard]] Value sorted(const Value& input, const Arguments& arguments, Runtime& runtime);
[[nodiscard]] Value sortedPairs(const Value& input, const Arguments& arguments, Runtime& runtime);
[[nodiscard]] Value unique(const Value& input, const Arguments& arguments, Runtime& runtime);
[[nodiscard]] Value smallest(const Value& input, const Arguments& arguments, Runtime& runtime);
[[nodiscard]] Value largest(const Value& input, const Arguments& arguments, Runtime& runtime);
[[nodiscard]] Value total(const Value& input, const Arguments& arguments, Runtime& runtime);
[[nodiscard]] Value mapped(const Value& input, const Arguments& arguments, Runtime& runtime);
[[nodiscard]] Value select(const Value& input, const Arguments& arguments, Runtime& runtime);
[[nodiscard]] Value reject(const Value& input, const Arguments& arguments, Runtime& runtime);
[[nodiscard]] Value selectByAttribute(const Value& input, const Arguments& arguments,
                                      Runtime& runtime);
[[nodiscard]] Value rejectByAttribute(const Value& input, const Arguments& arguments,
                                      Runtime& runtime);

} // namespace bwla::jinja
