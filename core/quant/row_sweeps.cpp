// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/row_sweeps.h"

#include "core/quant/gpu_sweeps.h"
#include "core/stats/clones.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <numeric>

namespace bwla {
namespace {

// Columns that are decided before their errors reach the later ones, as one matrix product: column
// by column that feeding forward ran at 5 GFLOP/s and was an eighth of a quantization.
constexpr std::int64_t columnsAtOnce = 64;

BWLA_CLONES void axpy(float* y, const float* x, float k, std::int64_t n) {
    for (std::int64_t i = 0; i < n; ++i)
        y[i] += k * x[i];
}

BWLA_CLONES void axpy(double* y, const double* x, double k, std::int64_t n) {
    for (std::int64_t i = 0; i < n; ++i)
        y[i] += k * x[i];
}

at::Tensor onHost(const Matrix& m, at::ScalarType type) {
    return m.tensor().to(at::kCPU, type).contiguous();
}

/// A matrix laid out for a sweep: host memory, the type of the fit.
template<class T>
struct Rows {
    at::Tensor tensor;
    T* data;
    std::int64_t cols;
    Rows(const Matrix& m, bool copy) : tensor(onHost(m, c10::CppTypeToScalarType<T>::value)) {
        if (copy)
            tensor = tensor.clone();
        data = tensor.template data_ptr<T>();
        cols = tensor.size(1);
    }
    T* row(std::int64_t i) const { return data + i * cols; }
};

/// One block of columns for a share of rows: signs and scaled errors, fed forward inside the block.
template<class T>
void gptqBlock(std::int64_t begin, std::int64_t end, const Rows<T>& work, const Rows<T>& a,
               const T* b, const Rows<T>& u, const Rows<T>& signs, const Rows<T>& errors) {
    const std::int64_t width = work.cols;
    for (std::int64_t i = begin; i < end; ++i) {
        T* w = work.row(i);
        for (std::int64_t j = 0; j < width; ++j) {
            const T sign = w[j] >= T(0) ? T(1) : T(-1);
            signs.row(i)[j] = sign;
            const T error = (w[j] - a.data[i] * b[j] * sign) / u.row(j)[j];
            errors.row(i)[j] = error;
            axpy(w + j + 1, u.row(j) + j + 1, -error, width - j - 1);
        }
    }
}

template<class T>
Matrix gptq(const Matrix& zMatrix, const Matrix& aMatrix, const Matrix& bMatrix,
            const Matrix& uMatrix, const std::vector<std::int64_t>& order) {
    const at::ScalarType type = c10::CppTypeToScalarType<T>::value;
    const at::Tensor index = at::tensor(order, at::kLong);
    const at::Tensor u = onHost(uMatrix, type);
    const at::Tensor b = onHost(bMatrix, type).index_select(1, index).contiguous();
    at::Tensor rest = onHost(zMatrix, type).index_select(1, index);
    const Rows<T> a(aMatrix, false);
    const std::int64_t n = rest.size(0), m = rest.size(1);
    at::Tensor signs = at::empty_like(rest);
    for (std::int64_t first = 0; first < m; first += columnsAtOnce) {
        const std::int64_t width = std::min(columnsAtOnce, m - first), later = m - first - width;
        const Rows<T> work(Matrix(rest.narrow(1, 0, width)), true),
            block(Matrix(u.narrow(0, first, width).narrow(1, first, width)), true),
            blockSigns(Matrix(work.tensor), true), errors(Matrix(work.tensor), true);
        at::parallel_for(0, n, 64, [&](std::int64_t begin, std::int64_t end) {
            gptqBlock(begin, end, work, a, b.data_ptr<T>() + first, block, blockSigns, errors);
        });
        signs.narrow(1, first, width).copy_(blockSigns.tensor);
        if (later > 0)
            rest = at::addmm(rest.narrow(1, width, later), errors.tensor,
                             u.narrow(0, first, width).narrow(1, first + width, later), 1.0, -1.0);
    }
    at::Tensor result = at::empty_like(signs);
    result.index_copy_(1, index, signs);
    return Matrix(result.to(zMatrix.tensor().device()));
}

template<class T>
std::int64_t flipRow(T* s, T* g, T a, const T* b, const Rows<T>& h,
                     const std::vector<std::int64_t>& order, int sweeps) {
    std::int64_t total = 0;
    for (int sweep = 0; sweep < sweeps; ++sweep) {
        std::int64_t flips = 0;
        for (const std::int64_t j : order) {
            const T d = T(2) * a * b[j] * s[j];
            if (T(2) * d * g[j] + d * d * h.row(j)[j] >= T(0))
                continue;
            s[j] = -s[j];
            axpy(g, h.row(j), d, h.cols);
            ++flips;
        }
        total += flips;
        if (flips == 0)
            break;
    }
    return total;
}

template<class T>
FlippedSigns flip(const Matrix& signs, const Matrix& gradient, const Matrix& aMatrix,
                  const Matrix& bMatrix, const Matrix& hMatrix,
                  const std::vector<std::int64_t>& order, int sweeps) {
    const Rows<T> s(signs, true), g(gradient, true), a(aMatrix, false), b(bMatrix, false),
        h(hMatrix, false);
    std::atomic<std::int64_t> flips = 0;
    at::parallel_for(0, s.tensor.size(0), 1, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i)
            flips += flipRow(s.row(i), g.row(i), a.data[i], b.data, h, order, sweeps);
    });
    const auto device = signs.tensor().device();
    return {Matrix(s.tensor.to(device)), Matrix(g.tensor.to(device)), flips};
}

bool isDouble(const Matrix& m) {
    return m.tensor().scalar_type() == at::kDouble;
}

} // namespace

std::vector<std::int64_t> columnOrder(const Matrix& h) {
    const std::vector<double> diagonal = Matrix(h.tensor().diagonal().unsqueeze(0)).toHostF64();
    std::vector<std::int64_t> order(diagonal.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::int64_t x, std::int64_t y) { return diagonal[x] > diagonal[y]; });
    return order;
}

Matrix gptqSigns(const Matrix& z, const Matrix& a, const Matrix& b, const Matrix& u,
                 const std::vector<std::int64_t>& order) {
    if (auto signs = gptqSignsOnGpu(z, a, b, u, order))
        return std::move(*signs);
    return isDouble(z) ? gptq<double>(z, a, b, u, order) : gptq<float>(z, a, b, u, order);
}

FlippedSigns flipSigns(const Matrix& signs, const Matrix& gradient, const Matrix& a,
                       const Matrix& b, const Matrix& h, const std::vector<std::int64_t>& order,
                       int sweeps) {
    if (auto flipped = flipSignsOnGpu(signs, gradient, a, b, h, order, sweeps))
        return std::move(*flipped);
    return isDouble(signs) ? flip<double>(signs, gradient, a, b, h, order, sweeps)
                           : flip<float>(signs, gradient, a, b, h, order, sweeps);
}

} // namespace bwla
