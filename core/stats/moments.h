// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>

namespace bwla {

/// Sums in double over all values; a span of n values counts every value with weight 1 / n.
struct Moments {
    double mean = 0.0;
    double variance = 0.0; ///< mean square distance from the mean
    double kurtosis = 0.0; ///< fourth central moment over variance^2: 3 = one bell, 1 = two points;
                           ///< 0 where all values are equal
};

[[nodiscard]] Moments moments(std::span<const float> values);

/// moments(values).kurtosis.
[[nodiscard]] double kurtosis(std::span<const float> values);

/// |values - approximation|^2 / |values|^2, 0 where both are zero; same sizes.
[[nodiscard]] double relativeError(std::span<const float> values,
                                   std::span<const float> approximation);

/// The level a that brings a * sign(w) nearest to a row: the mean of |w|.
[[nodiscard]] double binaryLevel(std::span<const float> row);

/// Binarisation error |w - a sign(w)|^2 / |w|^2 of one row at level a; sign(0) = +1.
/// 1 - 2/pi = 0.363 for a bell at its own level.
[[nodiscard]] double binarisationError(std::span<const float> row, double level);
/// The same at binaryLevel(row), the best level.
[[nodiscard]] double binarisationError(std::span<const float> row);

/// Mean over the rows of a matrix (rows x cols, row-major), each at its own level.
[[nodiscard]] double meanBinarisationError(std::span<const float> rows, std::int64_t cols);

} // namespace bwla
