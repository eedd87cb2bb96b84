// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <span>
#include <string>

namespace bwla {

/// Words as one command for a POSIX shell; those with other than plain characters are quoted.
[[nodiscard]] std::string shellCommand(std::span<const std::string> words);

} // namespace bwla
