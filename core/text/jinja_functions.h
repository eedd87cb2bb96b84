// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/text/jinja_runtime.h"

namespace bwla::jinja {

/// A function that every template can call: range, namespace, dict, raise_exception, strftime_now.
struct Function {
    const char* name;
    Value (*call)(const Arguments& arguments, Runtime& runtime);
};

/// Null where there is none of that name.
[[nodiscard]] const Function* findFunction(const std::string& name);

} // namespace bwla::jinja
