// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/reference/reference_kernels.h"

#include <algorithm>
#include <cmath>

namespace bwla::reference {

void normalize(const float* x, const float* gain, float epsilon, std::int64_t cols, float* out) {
    const float squares = interleavedSum(cols, [&](std::int64_t j) { return x[j] * x[j]; });
    const float inverse = 1.0F / std::sqrt(squares / static_cast<float>(cols) + epsilon);
    for (std::int64_t j = 0; j < cols; ++j)
        out[j] = x[j] * inverse * gain[j];
}

void rotate(const Rotation& rotation, const float* x, float* scratch, float* out) {
    const auto [m1, m2, r1, r2] = rotation;
    for (std::int64_t i = 0; i < m1; ++i) { // scratch = R1' X
        std::fill_n(scratch + i * m2, m2, 0.0F);
        for (std::int64_t k = 0; k < m1; ++k)
            for (std::int64_t j = 0; j < m2; ++j)
                scratch[i * m2 + j] += r1[k * m1 + i] * x[k * m2 + j];
    }
    for (std::int64_t i = 0; i < m1; ++i) { // out = scratch R2
        std::fill_n(out + i * m2, m2, 0.0F);
        for (std::int64_t k = 0; k < m2; ++k)
            for (std::int64_t j = 0; j < m2; ++j)
                out[i * m2 + j] += scratch[i * m2 + k] * r2[k * m2 + j];
    }
}

QuantizedRow quantize(const float* x, std::int64_t cols, const QuantizerSpec& spec,
                      std::uint8_t* q) {
    const auto levels = static_cast<float>((1 << spec.bits) - 1);
    // The comparisons are false for NaN, which therefore becomes 0.
    const auto clamp = [levels](float value) {
        return value > 0.0F ? std::min(value, levels) : 0.0F;
    };
    float least = 0.0F;
    float most = 0.0F;
    for (std::int64_t j = 0; j < cols; ++j) {
        least = x[j] < least ? x[j] : least;
        most = x[j] > most ? x[j] : most;
    }
    const float low = spec.clipLow * least;
    const float high = spec.clipHigh * most;
    QuantizedRow row;
    row.scale = high == low ? 1.0F : (high - low) / levels;
    const float zero = clamp(std::nearbyint(-low / row.scale));
    row.zero = static_cast<std::int32_t>(zero);
    for (std::int64_t j = 0; j < cols; ++j) {
        q[j] = static_cast<std::uint8_t>(clamp(std::nearbyint(x[j] / row.scale) + zero));
        row.sumQ += q[j];
    }
    return row;
}

void projectQuantized(const std::int8_t* b, std::int64_t rank, std::int64_t stride,
                      const std::uint8_t* q, std::int32_t* out) {
    for (std::int64_t k = 0; k < rank; ++k) {
        std::int32_t sum = 0;
        for (std::int64_t j = 0; j < stride; ++j)
            sum += b[k * stride + j] * q[j];
        out[k] = sum;
    }
}

void projectFloat(const std::int8_t* b, std::int64_t rank, std::int64_t stride, const float* x,
                  float* out) {
    for (std::int64_t k = 0; k < rank; ++k)
        out[k] = interleavedSum(
            stride, [&](std::int64_t j) { return static_cast<float>(b[k * stride + j]) * x[j]; });
}

} // namespace bwla::reference
