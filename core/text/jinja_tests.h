// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/text/jinja_runtime.h"

namespace bwla::jinja {

/// input is name(arguments). Throws Failure, also for a name that is not known.
[[nodiscard]] bool applyTest(const std::string& name, const Value& input,
                             const Arguments& arguments, Runtime& runtime);

} // namespace bwla::jinja
