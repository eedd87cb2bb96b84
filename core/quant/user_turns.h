// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <string_view>

namespace bwla {

/// Built-in questions that open the chats of `--calibration self`: everyday subjects, code,
/// numbers, lists, so that the activations of many kinds of answers are seen.
[[nodiscard]] const std::array<std::string_view, 32>& userTurns();

} // namespace bwla
