// SPDX-License-Identifier: GPL-3.0-or-later
//
// Checks of numbers in options. CLI11's own answer "not in range 0.000000 to 179769313486231...".
#pragma once

#include <CLI/CLI.hpp>

namespace bwla {

/// Finite and above 0.
[[nodiscard]] CLI::Validator aboveZero();
/// Finite, 0 or more.
[[nodiscard]] CLI::Validator zeroOrMore();

} // namespace bwla
