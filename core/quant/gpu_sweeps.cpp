// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/gpu_sweeps.h"

#ifdef BWLA_CUDA

#include "core/quant/cuda/sweep_kernels.h"
#include "core/quant/fused_ops.h"

#include <ATen/ATen.h>
#include <c10/cuda/CUDAStream.h>

#include <algorithm>

namespace bwla {
namespace {

CUstream_st* stream() {
    return c10::cuda::getCurrentCUDAStream().stream();
}

bool isOurs(const Matrix& m) {
    return m.tensor().scalar_type() == at::kFloat && hasOwnKernels(m.tensor());
}

at::Tensor flat(const Matrix& m) {
    return m.tensor().contiguous();
}

at::Tensor onDevice(const std::vector<std::int64_t>& order, const at::Tensor& like,
                    at::ScalarType type) {
    return at::tensor(order, at::kLong).to(like.device(), type);
}

} // namespace

std::optional<Matrix> gptqSignsOnGpu(const Matrix& z, const Matrix& a, const Matrix& b,
                                     const Matrix& u, const std::vector<std::int64_t>& order) {
    if (!isOurs(z))
        return std::nullopt;
    const at::Tensor index = onDevice(order, z.tensor(), at::kLong);
    const at::Tensor factor = flat(u), rowScale = flat(a),
                     columnScale = b.tensor().flatten().index_select(0, index);
    at::Tensor rest = z.tensor().index_select(1, index); // what is left of z, in that order
    at::Tensor signs = at::empty_like(rest);
    const std::int64_t rows = rest.size(0), cols = rest.size(1);
    for (std::int64_t first = 0; first < cols; first += gpu::gptqColumns) {
        gpu::GptqBlock work;
        work.width = std::min(gpu::gptqColumns, cols - first);
        at::Tensor errors = at::empty({rows, work.width}, rest.options());
        work.rest = rest.data_ptr<float>() + first;
        work.factor = factor.data_ptr<float>() + first * cols + first;
        work.rowScale = rowScale.data_ptr<float>();
        work.columnScale = columnScale.data_ptr<float>() + first;
        work.signs = signs.data_ptr<float>() + first;
        work.errors = errors.data_ptr<float>();
        work.rows = rows;
        work.restStride = work.factorStride = work.signStride = cols;
        gpu::gptqBlock(work, stream());
        const std::int64_t next = first + work.width;
        if (next < cols)
            rest.narrow(1, next, cols - next)
                .addmm_(errors, factor.narrow(0, first, work.width).narrow(1, next, cols - next),
                        1.0, -1.0);
    }
    at::Tensor result = at::empty_like(signs);
    result.index_copy_(1, index, signs);
    return Matrix(result);
}

std::optional<FlippedSigns> flipSignsOnGpu(const Matrix& signs, const Matrix& gradient,
                                           const Matrix& a, const Matrix& b, const Matrix& h,
                                           const std::vector<std::int64_t>& order, int sweeps) {
    if (!isOurs(signs))
        return std::nullopt;
    const at::Tensor s = signs.tensor().clone(at::MemoryFormat::Contiguous),
                     g = gradient.tensor().clone(at::MemoryFormat::Contiguous), rowScale = flat(a),
                     columnScale = flat(b), moment = flat(h),
                     diagonal = moment.diagonal().contiguous(),
                     columns = onDevice(order, s, at::kInt),
                     flips = at::zeros({}, s.options().dtype(at::kLong));
    gpu::FlipSweeps work;
    work.signs = s.data_ptr<float>();
    work.gradient = g.data_ptr<float>();
    work.rowScale = rowScale.data_ptr<float>();
    work.columnScale = columnScale.data_ptr<float>();
    work.h = moment.data_ptr<float>();
    work.diagonal = diagonal.data_ptr<float>();
    work.order = columns.data_ptr<std::int32_t>();
    work.flips = reinterpret_cast<unsigned long long*>(flips.data_ptr<std::int64_t>());
    work.rows = s.size(0);
    work.cols = s.size(1);
    work.sweeps = sweeps;
    if (!gpu::flipSweeps(work, stream()))
        return std::nullopt;
    return FlippedSigns{Matrix(s), Matrix(g), flips.item<std::int64_t>()};
}

} // namespace bwla

#else // libtorch without CUDA

namespace bwla {

std::optional<Matrix> gptqSignsOnGpu(const Matrix&, const Matrix&, const Matrix&, const Matrix&,
                                     const std::vector<std::int64_t>&) {
    return std::nullopt;
}
std::optional<FlippedSigns> flipSignsOnGpu(const Matrix&, const Matrix&, const Matrix&,
                                           const Matrix&, const Matrix&,
                                           const std::vector<std::int64_t>&, int) {
    return std::nullopt;
}

} // namespace bwla

#endif
