// SPDX-License-Identifier: GPL-3.0-or-later
//
// The scalar twins: what every other kernel has to agree with. Written for reading; float32 values,
// sums in 16 interleaved float32 partial sums (as accurate as what vector kernels do, and a
// compiler may vectorise them without reordering anything).
#pragma once

#include "kernels/kernel_types.h"

#include <array>
#include <cstdint>

namespace bwla::reference {

/// sum_j term(j) for j in [0, count).
template<class Term>
float interleavedSum(std::int64_t count, Term&& term) {
    constexpr std::int64_t lanes = 16;
    std::array<float, lanes> partial{};
    const std::int64_t whole = count / lanes * lanes;
    for (std::int64_t j = 0; j < whole; j += lanes)
        for (std::int64_t lane = 0; lane < lanes; ++lane)
            partial[static_cast<std::size_t>(lane)] += term(j + lane);
    for (std::int64_t j = whole; j < count; ++j)
        partial[static_cast<std::size_t>(j - whole)] += term(j);
    for (std::size_t width = lanes / 2; width > 0; width /= 2)
        for (std::size_t lane = 0; lane < width; ++lane)
            partial[lane] += partial[lane + width];
    return partial[0];
}

void normalize(const float* x, const float* gain, float epsilon, std::int64_t cols, float* out);
void rotate(const Rotation& rotation, const float* x, float* scratch, float* out);
QuantizedRow quantize(const float* x, std::int64_t cols, const QuantizerSpec& spec,
                      std::uint8_t* q);
void projectQuantized(const std::int8_t* b, std::int64_t rank, std::int64_t stride,
                      const std::uint8_t* q, std::int32_t* out);
void projectFloat(const std::int8_t* b, std::int64_t rank, std::int64_t stride, const float* x,
                  float* out);

extern const LinearKernel linearF32;
extern const LinearKernel linearF16;
extern const LinearKernel linearRowInt8;
extern const LinearKernel linearBinaryFloat;
extern const LinearKernel linearBinaryQuantized;
void finishFloat(const PackedLinear& weight, const Activations& x, const float* sums,
                 const Outputs& outputs);
void finishQuantized(const PackedLinear& weight, const Activations& x, const std::int32_t* sums,
                     const Outputs& outputs);

void gate(const float* gate, const float* up, std::int64_t count, float* out);
void storeF32(const float* values, std::int64_t count, void* out);
void storeF16(const float* values, std::int64_t count, void* out);
void storeInt8(const float* values, std::int64_t count, void* out);
void widenF32(const void* values, float scale, std::int64_t count, float* out);
void widenF16(const void* values, float scale, std::int64_t count, float* out);
void widenInt8(const void* values, float scale, std::int64_t count, float* out);
void attendF32(const AttendJob& job);
void attendF16(const AttendJob& job);
void attendInt8(const AttendJob& job);

} // namespace bwla::reference
