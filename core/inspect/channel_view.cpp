// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/inspect/channel_view.h"

#include "core/stats/moments.h"

#include <algorithm>
#include <cmath>

namespace bwla {
namespace {

constexpr double axisRms = 4.2; // shown on either side of zero, of the widest stage
constexpr double leastLevels = 1.6;

double rms(std::span<const float> values) {
    double sum = 0.0;
    for (const float value : values)
        sum += double{value} * value;
    return values.empty() ? 0.0 : std::sqrt(sum / static_cast<double>(values.size()));
}

double largest(std::span<const float> values) {
    double most = 0.0;
    for (const float value : values)
        most = std::max(most, std::abs(double{value}));
    return most;
}

std::vector<float> scaled(std::vector<float> values, double factor) {
    for (float& value : values)
        value = static_cast<float>(value * factor);
    return values;
}

} // namespace

StageView viewStage(std::span<const float> values, double low, double high) {
    return {histogram(values, low, high), fitEqualMixture(values), kurtosis(values),
            binarisationError(values)};
}

ChannelView viewChannel(const InspectedLayer& layer, std::int64_t channel, RowUnits units) {
    const RowValues row = layer.row(channel);
    const bool levels = units == RowUnits::levels && row.level > 0.0;
    const std::vector<float> original =
        levels ? scaled(row.original, 1.0 / row.level) : row.original;
    const std::vector<float>& rotated = levels ? row.rotatedInLevels : row.rotated;
    const std::vector<float>& residual = levels ? row.inLevels : row.residual;
    std::vector<float> stored = row.stored;
    if (levels)
        for (float& value : stored)
            value = value < 0.0F ? -1.0F : 1.0F;

    // Wide enough for every stage, but not for one outlier: what lies outside is counted as
    // outside.
    const double wide = axisRms * std::max({rms(original), rms(rotated), rms(residual)});
    const double most = std::max({largest(original), largest(rotated), largest(residual)});
    double half = std::min(wide, most * (1.0 + 1e-6));
    half = std::max(half, levels ? leastLevels : largest(stored) * (1.0 + 1e-6));
    if (half <= 0.0)
        half = 1.0; // a row of zeros

    ChannelView view;
    view.channel = channel;
    view.units = units;
    view.low = -half;
    view.high = half;
    view.original = viewStage(original, -half, half);
    view.rotated = viewStage(rotated, -half, half);
    view.residual = viewStage(residual, -half, half);
    view.stored = histogram(stored, -half, half);
    view.level = levels ? 1.0 : row.level;
    view.error = row.error();
    return view;
}

} // namespace bwla
