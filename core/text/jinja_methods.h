// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/text/jinja_runtime.h"

namespace bwla::jinja {

/// object.name(arguments) for the methods of Python's strings, lists and mappings that do not
/// change them. Throws Failure, also for a method that is not known.
[[nodiscard]] Value callMethod(const Value& object, const std::string& name,
                               const Arguments& arguments, Runtime& runtime);

/// join: the texts of `items` with `separator` between them.
[[nodiscard]] Value joined(const Items& items, const std::string& separator, Runtime& runtime);
/// replace: `limit` -1 = all occurrences.
[[nodiscard]] Value replacedText(const std::string& text, const std::string& part,
                                 const std::string& with, std::int64_t limit, Runtime& runtime);
/// items: a list of [key, value] lists.
[[nodiscard]] Value itemPairs(const Dict& dict, Runtime& runtime);

} // namespace bwla::jinja
