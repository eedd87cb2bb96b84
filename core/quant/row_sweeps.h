// SPDX-License-Identifier: GPL-3.0-or-later
//
// The two parts of a fit in the H metric that go column by column. Rows are independent, so each
// thread takes a share of rows and keeps its working row in the first-level cache; a tensor library
// would stream the whole matrix once a column instead.
#pragma once

#include "core/quant/matrix.h"

#include <cstdint>
#include <vector>

namespace bwla {

/// Columns by falling diagonal of H (m, m): where a wrong sign costs most is decided first.
[[nodiscard]] std::vector<std::int64_t> columnOrder(const Matrix& h);

/// GPTQ (Frantar et al. 2023) with two levels: signs of z (n, m), column by column in `order`, each
/// column's error fed forward to the later ones through u, the upper Cholesky factor of the inverse
/// of H in that order. Levels +-a_i b_j, a (n, 1) and b (1, m) positive. Result +-1, (n, m).
[[nodiscard]] Matrix gptqSigns(const Matrix& z, const Matrix& a, const Matrix& b, const Matrix& u,
                               const std::vector<std::int64_t>& order);

struct FlippedSigns {
    Matrix signs;    ///< (n, m)
    Matrix gradient; ///< (z - a S b) H for the new signs
    std::int64_t flips = 0;
};

/// Exact single flips: with E = z - a S b and gradient G = E H, turning S_ij changes tr(E H E') by
/// 2 d G_ij + d^2 H_jj, d = 2 a_i b_j S_ij; done where negative, `sweeps` times over `order`.
[[nodiscard]] FlippedSigns flipSigns(const Matrix& signs, const Matrix& gradient, const Matrix& a,
                                     const Matrix& b, const Matrix& h,
                                     const std::vector<std::int64_t>& order, int sweeps);

} // namespace bwla
