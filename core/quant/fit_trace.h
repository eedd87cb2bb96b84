// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a watcher of a fit sees: moments on the way (for live plots and the timeline of Inspect) and
// a group's activations. Sent only where QuantizeSettings::trace asks for it; never part of the
// recipe, so a watched run writes the same bytes.
#pragma once

#include "core/model/input_group.h"

#include <cstdint>
#include <limits>
#include <span>

namespace bwla {

enum class FitStage : std::uint8_t {
    original, ///< W of the model
    target,   ///< W*, corrected for upstream error
    rotation, ///< W' after a round of OKT
    stored,   ///< W' - L with the stored, rounded tensors: what the signs stand for
};

/// Rows a moment carries: enough to look at, cheap enough to send every round.
inline constexpr std::int64_t tracedRows = 8;

/// One moment of the fit of one input group. Spans are valid during the call.
struct FitMoment {
    std::int64_t block = -1; ///< -1 where the fitter does not know it
    GroupKind kind = GroupKind::attnIn;
    FitStage stage = FitStage::original;
    int round = 0;  ///< of the stage, from 0 (rotation: 0 is the start)
    int rounds = 0; ///< planned in this stage, 0 = a single moment
    /// What OKT optimises, per weight: soft, the log-likelihood (rises); hard, the binarisation
    /// error |w' - c sign w'|^2 / |w'|^2 (falls). Over 64 evenly spaced rows; NaN outside stage
    /// rotation.
    double objective = std::numeric_limits<double>::quiet_NaN();
    std::span<const std::int64_t>
        rowIndex{};                ///< of the stacked outputs of the group, evenly spaced
    std::span<const float> rows{}; ///< (rowIndex.size(), cols), row-major
    std::int64_t cols = 0;
    /// R1 (m1, m1) and R2 (m2, m2), row-major, as they are now; empty outside stage rotation.
    std::span<const float> factorA{};
    std::span<const float> factorB{};
};

/// Calibration inputs of a group from the quantized prefix: (tokens, cols) row-major, valid during
/// the call.
struct GroupActivations {
    std::int64_t block = -1;
    GroupKind kind = GroupKind::attnIn;
    std::int64_t cols = 0;
    std::span<const float> inputs{};   ///< x, before the rotation
    std::span<const float> prepared{}; ///< x'' = b (.) R'x, what is rounded to 6 bits
    double clip = 1.0;                 ///< share of the range that the quantizer keeps
};

} // namespace bwla
