// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>

namespace bwla {

/// Equal mixture of N(+c, s^2) and N(-c, s^2), the picture of a row that suits one bit. Its density
/// has two modes exactly when c > s (Schilling, Watkins and Watkins 2002).
struct EqualMixture {
    double c = 0.0;
    double s = 0.0;
    [[nodiscard]] bool bimodal() const { return c > s; }
    [[nodiscard]] double density(double x) const; ///< s > 0
};

/// Maximum-likelihood fit by EM without bounds on s / c: r = tanh(c w / s^2), c = mean(r w),
/// s^2 = mean(w^2) - c^2. Rows as peaked as a bell or more (kurtosis >= 3) end near c = 0.
/// The mean of the row is taken to be 0.
[[nodiscard]] EqualMixture fitEqualMixture(std::span<const float> row);

/// Share, 0..1, of bimodal rows of a matrix (rows x cols, row-major).
[[nodiscard]] double bimodalShare(std::span<const float> rows, std::int64_t cols);

} // namespace bwla
