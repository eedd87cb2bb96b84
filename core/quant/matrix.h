// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace at {
class Tensor;
}

namespace bwla {

/// Arithmetic of a fit: single in production, dual where a test asserts monotone objectives.
enum class Precision : std::uint8_t { f32, f64 };

/// A dense matrix (rows, cols) on the device that quantizes. Wraps a libtorch tensor so that the
/// stages' headers stay free of torch; copying shares the storage. Values are never changed in
/// place by a stage that receives one.
class Matrix {
public:
    Matrix() = default;
    explicit Matrix(const at::Tensor& tensor);
    /// `device` as libtorch spells it: "cpu", "cuda".
    static Matrix fromHost(std::int64_t rows, std::int64_t cols, std::span<const float> values,
                           const std::string& device = "cpu", Precision precision = Precision::f32);

    [[nodiscard]] bool empty() const { return tensor_ == nullptr; }
    [[nodiscard]] std::int64_t rows() const;
    [[nodiscard]] std::int64_t cols() const;
    [[nodiscard]] std::vector<float> toHost() const;
    [[nodiscard]] std::vector<double> toHostF64() const;
    /// For .cpp files of bwla_quant. Precondition: !empty().
    [[nodiscard]] const at::Tensor& tensor() const { return *tensor_; }

private:
    std::shared_ptr<const at::Tensor> tensor_;
};

} // namespace bwla
