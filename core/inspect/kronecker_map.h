// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace bwla {

/// How a rotation R = R1 (x) R2 acts on the rows of W (design 2, OKT): a row w, reshaped to
/// V (m1, m2) row-major, becomes vec(left V right). An empty map is the identity.
class KroneckerMap {
public:
    KroneckerMap() = default;
    /// w (R')^-1: keeps y = W x exact when x is replaced by R'x with the same, rounded R. Factors
    /// (m1, m1) and (m2, m2), row-major, not singular (Error{corrupt}).
    [[nodiscard]] static KroneckerMap inverse(std::span<const float> r1, std::span<const float> r2,
                                              std::int64_t m1, std::int64_t m2);
    /// w R: the same for factors that are exactly orthogonal, as during the fit.
    [[nodiscard]] static KroneckerMap forward(std::span<const float> r1, std::span<const float> r2,
                                              std::int64_t m1, std::int64_t m2);

    /// Sums in double. row and the result have m1 * m2 values.
    [[nodiscard]] std::vector<float> apply(std::span<const float> row) const;

private:
    std::int64_t m1_ = 0, m2_ = 0;
    std::vector<double> left_;  ///< (m1, m1)
    std::vector<double> right_; ///< (m2, m2)
};

} // namespace bwla
