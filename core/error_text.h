// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/error.h"

#include <string>

namespace bwla {

/// One plain English sentence (two at most) with the culprit and what to do. ui passes it through
/// tr(); the command line prints it as it is.
[[nodiscard]] std::string sentence(const Error& error);

} // namespace bwla
