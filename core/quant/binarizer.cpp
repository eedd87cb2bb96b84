// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/binarizer.h"

#include <ATen/ATen.h>

namespace bwla {
namespace {

at::Tensor signsOf(const at::Tensor& x) {
    return at::where(x >= 0, at::ones_like(x), -at::ones_like(x));
}

/// Least-squares mean of z - a S b in units of b, given signs and scales.
at::Tensor rowMeans(const at::Tensor& z, const at::Tensor& binary, const at::Tensor& b) {
    return ((z - binary) * b).sum(1, true) / (b * b).sum();
}

} // namespace

BinaryFit alternateLevels(const Matrix& zMatrix, int rounds, const LevelOptions& options,
                          const BinaryFit& start) {
    const at::Tensor& z = zMatrix.tensor();
    at::Tensor b = start.columnScale.empty() ? at::ones({1, z.size(1)}, z.options())
                                             : start.columnScale.tensor();
    at::Tensor mu;
    if (options.rowMeans)
        mu = start.rowMean.empty() ? rowMeans(z, at::zeros_like(z), b) : start.rowMean.tensor();
    at::Tensor s, a;
    for (int round = 0; round < std::max(rounds, 1); ++round) {
        const at::Tensor centred = options.rowMeans ? z - mu * b : z;
        s = signsOf(centred);
        a = ((centred.abs() * b).sum(1, true) / (b * b).sum()).clamp_min(1e-8);
        if (options.rowMeans)
            mu = rowMeans(z, a * s * b, b);
        if (options.columnScales) {
            const at::Tensor p = options.rowMeans ? a * s + mu : a * s;
            b = ((z * p).sum(0, true) / (p * p).sum(0, true)).clamp_min(1e-6);
        }
    }
    const at::Tensor gauge = b.mean(); // b has mean 1, the rows carry the size
    return {Matrix(s),
            Matrix(a * gauge),
            Matrix(b / gauge),
            options.rowMeans ? Matrix(mu * gauge) : Matrix(),
            {},
            {}};
}

} // namespace bwla
