// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace bwla {

inline constexpr int histogramBins = 64;

/// Counts of values in equal bins of [low, high); high itself belongs to the last bin.
struct Histogram {
    double low = 0.0;
    double high = 0.0;
    std::vector<std::int64_t> counts;
    std::int64_t below = 0;   ///< values under low
    std::int64_t above = 0;   ///< values over high
    std::int64_t invalid = 0; ///< NaN

    [[nodiscard]] double binWidth() const;
    [[nodiscard]] double centre(int bin) const;
    /// All values that were counted, in range or not.
    [[nodiscard]] std::int64_t total() const;
    /// Share of all values in a bin per unit of the axis, so that the area is at most 1.
    [[nodiscard]] double density(int bin) const;
};

/// low < high.
[[nodiscard]] Histogram histogram(std::span<const float> values, double low, double high,
                                  int bins = histogramBins);

} // namespace bwla
