// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/quant/input_metric.h"

namespace bwla {

/// W' ~ (a_i S_ij + mu_i) b_j + (A B)_ij for the stacked rows of a group, in the rotated frame.
struct BinaryFit {
    Matrix signs;       ///< S, +-1, (n, m)
    Matrix rowScale;    ///< a > 0, (n, 1)
    Matrix columnScale; ///< b > 0, (1, m), mean 1; all ones where column scales are off
    Matrix rowMean;     ///< mu, (n, 1), or empty
    Matrix lowRankA;    ///< (n, k), or empty
    Matrix lowRankB;    ///< (k, m): B itself, not yet divided by b
};

/// (n, m) matrices of the two parts of a fit.
[[nodiscard]] Matrix binaryPart(const BinaryFit& fit);
[[nodiscard]] Matrix lowRankPart(const BinaryFit& fit); ///< zeros where there is none
/// |Y - fit|^2 / |Y|^2, in double.
[[nodiscard]] double plainError(const Matrix& y, const BinaryFit& fit);
/// tr(E H E') / tr(Y H Y'), in double.
[[nodiscard]] double metricError(const Matrix& y, const InputMetric& h, const BinaryFit& fit);

} // namespace bwla
