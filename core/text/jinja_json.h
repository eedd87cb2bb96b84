// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/text/jinja_runtime.h"

namespace bwla::jinja {

/// The tojson filter as transformers defines it: Python's json.dumps, non-ASCII text kept.
/// Arguments: indent, sort_keys, ensure_ascii by name. Throws Failure.
[[nodiscard]] Value toJson(const Value& value, const Arguments& arguments, Runtime& runtime);

} // namespace bwla::jinja
