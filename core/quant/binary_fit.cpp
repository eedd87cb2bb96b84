// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/binary_fit.h"

#include <ATen/ATen.h>

namespace bwla {

Matrix binaryPart(const BinaryFit& fit) {
    at::Tensor levels = fit.signs.tensor() * fit.rowScale.tensor();
    if (!fit.rowMean.empty())
        levels = levels + fit.rowMean.tensor();
    return Matrix(levels * fit.columnScale.tensor());
}

Matrix lowRankPart(const BinaryFit& fit) {
    if (fit.lowRankA.empty())
        return Matrix(at::zeros_like(fit.signs.tensor()));
    return Matrix(at::matmul(fit.lowRankA.tensor(), fit.lowRankB.tensor()));
}

double plainError(const Matrix& y, const BinaryFit& fit) {
    const at::Tensor e = y.tensor() - binaryPart(fit).tensor() - lowRankPart(fit).tensor();
    return e.to(at::kDouble).square().sum().item<double>() /
           y.tensor().to(at::kDouble).square().sum().item<double>();
}

double metricError(const Matrix& y, const InputMetric& h, const BinaryFit& fit) {
    const at::Tensor e = y.tensor() - binaryPart(fit).tensor() - lowRankPart(fit).tensor();
    const auto energy = [&](const at::Tensor& x) {
        return (h.times(Matrix(x)).tensor() * x).sum(at::kDouble).item<double>();
    };
    return energy(e) / energy(y.tensor());
}

} // namespace bwla
