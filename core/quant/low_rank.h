// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/quant/matrix.h"

namespace bwla {

/// L = A B with A (n, k), B (k, m).
struct LowRank {
    Matrix a;
    Matrix b;
};

/// Best rank-k part of x (n, m) by subspace iteration with 8 extra directions (Halko et al. 2011),
/// from a fixed seed. With `warm` (k, m), a former B, the captured energy is never below that of
/// its row space: what makes alternating fits monotone without a full SVD.
[[nodiscard]] LowRank bestLowRank(const Matrix& x, int k, int iterations, const Matrix& warm = {});

/// Best L for e (n, m) in the metric H = C C', C (m, m) lower: SVD_k(e C) C^-1. e C is never
/// formed.
[[nodiscard]] LowRank bestLowRankIn(const Matrix& e, const Matrix& c, int k, int iterations,
                                    const Matrix& warm = {});

/// Lower Cholesky factor of h in its own precision, computed in double; adds the smallest of
/// {0, 1e-6, 1e-4, 1e-3, 1e-2} of the mean diagonal that makes it succeed.
/// Throws Error{numeric} when none does.
[[nodiscard]] Matrix choleskyFactor(const Matrix& h);

} // namespace bwla
