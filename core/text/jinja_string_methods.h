// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/text/jinja_runtime.h"

namespace bwla::jinja {

/// self.name(arguments) for the methods of Python's str. Throws Failure, also for a name that is
/// not known.
[[nodiscard]] Value callStringMethod(const std::string& self, const std::string& name,
                                     const Arguments& arguments, Runtime& runtime);

} // namespace bwla::jinja
