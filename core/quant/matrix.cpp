// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/matrix.h"

#include <ATen/ATen.h>

namespace bwla {

Matrix::Matrix(const at::Tensor& tensor) : tensor_(std::make_shared<const at::Tensor>(tensor)) {}

Matrix Matrix::fromHost(std::int64_t rows, std::int64_t cols, std::span<const float> values,
                        const std::string& device, Precision precision) {
    TORCH_CHECK(static_cast<std::int64_t>(values.size()) == rows * cols, "Matrix::fromHost: size");
    at::Tensor host = at::empty({rows, cols}, at::kFloat);
    std::copy(values.begin(), values.end(), host.data_ptr<float>());
    return Matrix(
        host.to(at::Device(device), precision == Precision::f64 ? at::kDouble : at::kFloat));
}

std::int64_t Matrix::rows() const {
    return tensor_->size(0);
}

std::int64_t Matrix::cols() const {
    return tensor_->size(1);
}

std::vector<float> Matrix::toHost() const {
    const at::Tensor host = tensor_->detach().to(at::kCPU, at::kFloat).contiguous();
    const float* data = host.data_ptr<float>();
    return {data, data + host.numel()};
}

std::vector<double> Matrix::toHostF64() const {
    const at::Tensor host = tensor_->detach().to(at::kCPU, at::kDouble).contiguous();
    const double* data = host.data_ptr<double>();
    return {data, data + host.numel()};
}

} // namespace bwla
