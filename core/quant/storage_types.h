// SPDX-License-Identifier: GPL-3.0-or-later
//
// Storage types of QuantizedBlock as tensors and back (docs/format.md).
// Include from .cpp files of bwla_quant only.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

namespace bwla {

/// F16 values as float32 (size), and back; rounds to nearest even.
[[nodiscard]] at::Tensor fromHalves(const std::vector<std::uint16_t>& bits);
[[nodiscard]] std::vector<std::uint16_t> halfBits(const at::Tensor& x);
[[nodiscard]] at::Tensor roundToHalf(const at::Tensor& x);

/// int8 values as float32 (rows, cols), and back.
[[nodiscard]] at::Tensor fromInt8(const std::vector<std::int8_t>& values, std::int64_t rows,
                                  std::int64_t cols);
[[nodiscard]] std::vector<std::int8_t> int8Values(const at::Tensor& x);

/// Packed signs as +-1 of float32 (rows, cols) on a device, and back: 1 stands for +1.
[[nodiscard]] at::Tensor unpackSigns(const std::vector<std::uint32_t>& packed, std::int64_t rows,
                                     std::int64_t cols, const std::string& device = "cpu");
[[nodiscard]] std::vector<std::uint32_t> packSigns(const at::Tensor& signs);

/// x (rows, cols) ~ int8 * scale, one scale along `dim`: a half, at least the smallest normal one.
/// Values that came out of it go in again unchanged.
struct Int8 {
    at::Tensor values; ///< of x's type, integers -127..127
    at::Tensor scale;
    Int8(const at::Tensor& x, int dim);
    [[nodiscard]] at::Tensor dequantized() const { return values * scale; }
};

} // namespace bwla
