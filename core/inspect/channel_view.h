// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/inspect/inspected_layer.h"
#include "core/stats/histogram.h"
#include "core/stats/mixture.h"

#include <array>

namespace bwla {

enum class RowUnits : std::uint8_t {
    weight, ///< as the weights are
    levels, ///< of the row's own two levels, which stand at -1 and +1
};

/// One stage of a channel, every number by its definition in core/stats, in the chosen units.
struct StageView {
    Histogram histogram;
    EqualMixture mixture;
    double kurtosis = 0.0;
    double binarisationError = 0.0; ///< at the stage's own best level
};

struct ChannelView {
    std::int64_t channel = 0;
    RowUnits units = RowUnits::weight;
    double low = 0.0, high = 0.0; ///< of all histograms: the same 64 bins
    StageView original, rotated, residual;
    Histogram stored;   ///< the values that the engine computes with
    double level = 0.0; ///< RowValues::level; 1 in units of levels
    double error = 0.0; ///< |w' - stored - L|^2 / |w'|^2
};

/// In units of levels the original, which has no column scales, is divided by RowValues::level.
[[nodiscard]] ChannelView viewChannel(const InspectedLayer& layer, std::int64_t channel,
                                      RowUnits units);

/// The numbers of other values of the row (a round of the fit) on the axis [low, high].
[[nodiscard]] StageView viewStage(std::span<const float> values, double low, double high);

} // namespace bwla
