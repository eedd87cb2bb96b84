// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/low_rank.h"

#include "core/error.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <functional>

namespace bwla {
namespace {

constexpr std::int64_t extraDirections = 8;

using Apply = std::function<at::Tensor(const at::Tensor&)>;

/// Cholesky QR thrice, the first time shifted (Fukaya et al. 2020), in double: on a GPU a thin QR
/// decomposition is a thousand small kernels, and this is a dozen.
at::Tensor orthonormalByProducts(const at::Tensor& x) {
    constexpr double shift = 1e-14; // of the trace; what is nothing stays nothing
    at::Tensor q = x.to(at::kDouble);
    const at::Tensor one = at::eye(q.size(1), q.options());
    for (int pass = 0; pass < 3; ++pass) {
        const at::Tensor square = at::matmul(q.t(), q);
        const at::Tensor lower = std::get<0>(
            at::linalg_cholesky_ex(square + one * (square.trace() * shift).clamp_min(1e-300)));
        q = at::linalg_solve_triangular(lower.t(), q, /*upper=*/true, /*left=*/false);
    }
    return q.to(x.scalar_type());
}

at::Tensor orthonormal(const at::Tensor& x) {
    return x.is_cuda() ? orthonormalByProducts(x) : std::get<0>(at::linalg_qr(x));
}

/// The k leading right singular vectors of thin x (n, w) by the eigenvectors of x'x in double: (w,
/// k).
at::Tensor leadingDirections(const at::Tensor& x, std::int64_t k) {
    const at::Tensor wide = x.to(at::kDouble);
    const at::Tensor vectors =
        std::get<1>(at::linalg_eigh(at::matmul(wide.t(), wide).cpu())); // rising eigenvalues
    return vectors.flip(1).narrow(1, 0, k).to(x.options()).contiguous();
}

/// Right start block (m, k + extra): the warm row space first, then random directions.
at::Tensor startBlock(std::int64_t m, std::int64_t k, const at::Tensor& warm,
                      const at::TensorOptions& options) {
    at::Generator generator = at::detail::createCPUGenerator(0);
    const std::int64_t width = std::min(m, k + extraDirections);
    const std::int64_t fresh = warm.defined() ? width - std::min(k, width) : width;
    // A GPU waits for the host's random numbers: no more of them than are used.
    at::Tensor block =
        at::randn({m, options.device().is_cuda() ? fresh : width}, generator, at::kDouble)
            .to(options)
            .narrow(1, 0, fresh);
    if (warm.defined())
        block = at::cat({warm.t(), block}, 1);
    return orthonormal(block);
}

/// Top k singular triplets of the operator; A = U S, B = V'.
LowRank subspaceIteration(const Apply& apply, const Apply& applyTransposed, at::Tensor q,
                          std::int64_t k, int iterations) {
    for (int i = 0; i < iterations; ++i)
        q = orthonormal(applyTransposed(orthonormal(apply(q))));
    if (q.is_cuda()) {
        const at::Tensor thin = apply(q), v = leadingDirections(thin, k);
        return {Matrix(at::matmul(thin, v)), Matrix(at::matmul(v.t(), q.t()))};
    }
    const at::Tensor projected = apply(q);
    const auto [u, s, vh] = at::linalg_svd(projected, /*full_matrices=*/false);
    const at::Tensor a = u.narrow(1, 0, k) * s.narrow(0, 0, k);
    const at::Tensor b = at::matmul(vh.narrow(0, 0, k), q.t());
    return {Matrix(a.contiguous()), Matrix(b.contiguous())};
}

} // namespace

LowRank bestLowRank(const Matrix& x, int k, int iterations, const Matrix& warm) {
    const at::Tensor& t = x.tensor();
    const std::int64_t rank = std::min<std::int64_t>({k, t.size(0), t.size(1)});
    return subspaceIteration(
        [&](const at::Tensor& q) { return at::matmul(t, q); },
        [&](const at::Tensor& p) { return at::matmul(t.t(), p); },
        startBlock(t.size(1), rank, warm.empty() ? at::Tensor() : warm.tensor(), t.options()), rank,
        iterations);
}

LowRank bestLowRankIn(const Matrix& e, const Matrix& c, int k, int iterations, const Matrix& warm) {
    const at::Tensor &t = e.tensor(), &factor = c.tensor();
    const std::int64_t rank = std::min<std::int64_t>({k, t.size(0), t.size(1)});
    const at::Tensor start = warm.empty() ? at::Tensor() : at::matmul(warm.tensor(), factor);
    LowRank inMetric = subspaceIteration(
        [&](const at::Tensor& q) { return at::matmul(t, at::matmul(factor, q)); },
        [&](const at::Tensor& p) { return at::matmul(factor.t(), at::matmul(t.t(), p)); },
        startBlock(t.size(1), rank, start, t.options()), rank, iterations);
    const at::Tensor b = at::linalg_solve_triangular(factor, inMetric.b.tensor(), /*upper=*/false,
                                                     /*left=*/false);
    return {inMetric.a, Matrix(b.contiguous())};
}

Matrix choleskyFactor(const Matrix& h) {
    const at::Tensor h64 = h.tensor().to(at::kDouble);
    const at::Tensor ridge = at::eye(h64.size(0), h64.options()) * h64.diagonal().mean();
    for (const double share : {0.0, 1e-6, 1e-4, 1e-3, 1e-2}) {
        const auto [factor, info] = at::linalg_cholesky_ex(h64 + ridge * share);
        if (info.item<int>() == 0)
            return Matrix(factor.to(h.tensor().scalar_type()));
    }
    throw Error(ErrorCode::numeric).because("the second moment of a layer's input is not positive");
}

} // namespace bwla
