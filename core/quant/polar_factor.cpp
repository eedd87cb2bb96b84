// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/polar_factor.h"

#include "core/quant/matrix.h"
#include "core/quant/procrustes.h"

namespace bwla {
namespace {

constexpr int stepsBetweenLooks = 8; // looking waits for the GPU
constexpr int mostLooks = 6;         // small singular values grow by 1.875 a step
constexpr double orthogonal = 1e-11;

} // namespace

at::Tensor polarByIteration(const at::Tensor& m) {
    at::Tensor x = m.to(at::kDouble);
    // The largest singular value is at most this: everything starts within (0, 1].
    x = x / at::sqrt(x.abs().sum(0).max() * x.abs().sum(1).max());
    const at::Tensor one = at::eye(x.size(0), x.options());
    for (int look = 0; look < mostLooks; ++look) {
        at::Tensor square;
        for (int step = 0; step < stepsBetweenLooks; ++step) {
            square = at::matmul(x.t(), x);
            x = at::matmul(x, one * 1.875 + at::matmul(square, 0.375 * square - 1.25 * one));
        }
        if ((at::matmul(x.t(), x) - one).abs().max().item<double>() < orthogonal)
            return x;
    }
    return {};
}

at::Tensor polarFactor(const at::Tensor& m) {
    if (m.is_cuda())
        if (const at::Tensor x = polarByIteration(m); x.defined())
            return x.to(m.scalar_type());
    const std::int64_t size = m.size(0);
    const std::vector<double> q = procrustes(Matrix(m).toHostF64(), size);
    return at::from_blob(const_cast<double*>(q.data()), {size, size}, at::kDouble)
        .to(m.device(), m.scalar_type(), /*non_blocking=*/false, /*copy=*/true);
}

} // namespace bwla
