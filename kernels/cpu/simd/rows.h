// SPDX-License-Identifier: GPL-3.0-or-later
//
// What happens to one row of activations before a product: norm, rotation, quantizer, low rank.
#pragma once

#include "kernels/aligned.h"
#include "kernels/cpu/simd/tile_product.h"
#include "kernels/kernel_types.h"
#include "kernels/quantizer.h"

#include <cmath>

namespace bwla::simd {

/// step(offset, load, store) for every register of `cols` floats; the last one may be partial.
template<class V, class Step>
void forRegisters(std::int64_t cols, Step&& step) {
    std::int64_t j = 0;
    for (; j + V::width <= cols; j += V::width)
        step(
            j, [j](const float* from) { return V::load(from + j); },
            [j](float* to, typename V::Reg value) { V::store(to + j, value); });
    if (const int rest = static_cast<int>(cols - j); rest > 0)
        step(
            j, [j, rest](const float* from) { return V::load(from + j, rest); },
            [j, rest](float* to, typename V::Reg value) { V::store(to + j, value, rest); });
}

template<class V>
void normalize(const float* x, const float* gain, float epsilon, std::int64_t cols, float* out) {
    auto squares = V::zero();
    forRegisters<V>(cols, [&](std::int64_t, auto load, auto) {
        const auto value = load(x);
        squares = V::fma(value, value, squares);
    });
    const float mean = V::sum(squares) / static_cast<float>(cols);
    const auto inverse = V::set(1.0F / std::sqrt(mean + epsilon));
    forRegisters<V>(cols, [&](std::int64_t, auto load, auto store) {
        store(out, load(x) * inverse * load(gain));
    });
}

template<class V>
void rotate(const Rotation& rotation, const float* x, float* scratch, float* out) {
    const auto [m1, m2, r1, r2] = rotation;
    const Tile left{.a = r1, // R1': rows of A are columns of R1
                    .aRow = 1,
                    .aDepth = m1,
                    .b = x,
                    .bDepth = m2,
                    .depth = m1,
                    .c = scratch,
                    .cRow = m2,
                    .accumulate = false};
    const Tile right{.a = scratch,
                     .aRow = m2,
                     .aDepth = 1,
                     .b = r2,
                     .bDepth = m2,
                     .depth = m2,
                     .c = out,
                     .cRow = m2,
                     .accumulate = false};
    matrixProduct<V>(left, m1, m2);
    matrixProduct<V>(right, m1, m2);
}

template<class V>
QuantizedRow quantize(const float* x, std::int64_t cols, const QuantizerSpec& spec,
                      std::uint8_t* q) {
    auto least = V::zero();
    auto most = V::zero();
    forRegisters<V>(cols, [&](std::int64_t, auto load, auto) {
        const auto value = load(x);
        least = V::min(value, least); // NaN leaves the bound as it is
        most = V::max(value, most);
    });
    const QuantizerGrid grid = quantizerGrid(V::least(least), V::most(most), spec);
    const auto scale = V::set(grid.scale);
    const auto zero = V::set(grid.zero);
    const auto levels = V::set(grid.levels);
    forRegisters<V>(cols, [&](std::int64_t j, auto load, auto) {
        const auto level = V::round(load(x) / scale) + zero;
        V::storeBytes(q + j, V::min(V::max(level, V::zero()), levels)); // NaN becomes 0
    });
    const std::int64_t padded = paddedCols(cols);
    std::fill(q + cols, q + padded, std::uint8_t{0});
    QuantizedRow row{grid.scale, static_cast<std::int32_t>(grid.zero), 0};
    for (std::int64_t j = 0; j < padded; ++j)
        row.sumQ += q[j];
    return row;
}

template<class V>
void projectFloat(const std::int8_t* b, std::int64_t rank, std::int64_t stride, const float* x,
                  float* out) {
    for (std::int64_t k = 0; k < rank; ++k) {
        auto sum = V::zero();
        for (std::int64_t j = 0; j < stride; j += V::width)
            sum = V::fma(V::load(b + k * stride + j), V::load(x + j), sum);
        out[k] = V::sum(sum);
    }
}

} // namespace bwla::simd
