// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/aligned.h"
#include "kernels/quantizer.h"
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
    float least = 0.0F;
    float most = 0.0F;
    for (std::int64_t j = 0; j < cols; ++j) {
        least = x[j] < least ? x[j] : least;
        most = x[j] > most ? x[j] : most;
    }
    const auto [scale, zero, levels] = quantizerGrid(least, most, spec);
    QuantizedRow row{scale, static_cast<std::int32_t>(zero), 0};
    for (std::int64_t j = 0; j < cols; ++j) {
        const float level = std::nearbyint(x[j] / scale) + zero;
        q[j] = static_cast<std::uint8_t>(level > 0.0F ? std::min(level, levels) : 0.0F);
        row.sumQ += q[j];
    }
    std::fill(q + cols, q + paddedCols(cols), std::uint8_t{0});
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
