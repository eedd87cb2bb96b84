// SPDX-License-Identifier: GPL-3.0-or-later
//
// Activation bits where they are worth most: an average for the whole model instead of one number
// for all groups (docs/method.md, "Activation bits by budget").
#pragma once

#include "core/model/model_config.h"

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace bwla {

/// What a group's inputs may have, rising.
inline constexpr std::array budgetActivationBits{4, 5, 6, 7, 8};

/// Loss by rounding the inputs of a group to each of budgetActivationBits; none where the group is
/// kept in float. By block and GroupKind.
using RoundingLoss = std::vector<
    std::array<std::optional<std::array<double, budgetActivationBits.size()>>, groupCount>>;

/// Bits of every group, such that their mean over all quantized inputs (values a token) is at most
/// `budget`: from the fewest on, each time more for the group whose loss falls most a bit. 16 where
/// the group is kept in float.
[[nodiscard]] ActivationBits spreadActivationBits(const ModelConfig& config,
                                                  const RoundingLoss& loss, double budget);

} // namespace bwla
