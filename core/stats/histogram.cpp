// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/stats/histogram.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace bwla {

double Histogram::binWidth() const {
    return (high - low) / static_cast<double>(counts.size());
}

double Histogram::centre(int bin) const {
    return low + (bin + 0.5) * binWidth();
}

std::int64_t Histogram::total() const {
    return std::accumulate(counts.begin(), counts.end(), below + above);
}

double Histogram::density(int bin) const {
    const std::int64_t all = total();
    return all == 0 ? 0.0
                    : static_cast<double>(counts[static_cast<std::size_t>(bin)]) /
                          (static_cast<double>(all) * binWidth());
}

Histogram histogram(std::span<const float> values, double low, double high, int bins) {
    Histogram result;
    result.low = low;
    result.high = high;
    result.counts.resize(static_cast<std::size_t>(bins));
    const double perUnit = bins / (high - low);
    for (const float value : values) {
        if (std::isnan(value))
            ++result.invalid;
        else if (value < low)
            ++result.below;
        else if (value > high)
            ++result.above;
        else
            ++result.counts[static_cast<std::size_t>(
                std::min(static_cast<int>((value - low) * perUnit), bins - 1))];
    }
    return result;
}

} // namespace bwla
