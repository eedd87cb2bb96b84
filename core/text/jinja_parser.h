// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/text/jinja_ast.h"

#include <string>

namespace bwla::jinja {

/// Throws SyntaxError.
[[nodiscard]] Body parseTemplate(const std::string& source);

} // namespace bwla::jinja
