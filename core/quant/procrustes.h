// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace bwla {

/// The orthogonal matrix nearest to M, the maximiser of tr(Q' M): U V' from M = U D V'
/// (Schonemann 1966). `m` is size x size row-major; so is the result, orthogonal to 1e-12.
[[nodiscard]] std::vector<double> procrustes(std::span<const double> m, std::int64_t size);

/// Inverse of a well-conditioned square matrix (stored rotation factors: condition 1.03).
[[nodiscard]] std::vector<double> inverse(std::span<const double> m, std::int64_t size);

} // namespace bwla
