// SPDX-License-Identifier: GPL-3.0-or-later
//
// From raw sums to outputs (FinishFloatKernel and its quantized sibling). One token: low rank is
// added in registers. A batch: it is a matrix product of its own, tokens x rank times rank x rows,
// on factors that become floats once. Row arrays of PackedLinear are padded to tiles of low rank;
// only `out` is not.
#pragma once

#include "kernels/cpu/simd/scratch.h"
#include "kernels/cpu/simd/tile_product.h"
#include "kernels/kernel_types.h"

namespace bwla::simd {

/// factors[t][k] = lowRankAScale_k * t_k.
template<class V>
void lowRankFactors(const PackedLinear& weight, const Activations& x, float* factors) {
    for (std::int64_t t = 0; t < x.rows; ++t)
        for (std::int64_t k = 0; k < weight.rank; ++k)
            factors[t * weight.rank + k] = weight.lowRankAScale[k] * x.lowRank[t * x.rank + k];
}

template<class V>
const std::int8_t* lowRankRegister(const PackedLinear& weight, std::int64_t i) {
    return weight.lowRankA + i / lowRankTile * lowRankTile * weight.rank + i % lowRankTile;
}

/// out += factors x A' for all tokens.
template<class V>
void addLowRankBatch(const PackedLinear& weight, const Activations& x, const float* factors,
                     const Outputs& outputs) {
    thread_local AlignedVector<float> widened; // [rank][rows]
    const std::int64_t rows = roundUp(outputs.end - outputs.begin, lowRankTile);
    float* a = reserve(widened, weight.rank * rows);
    for (std::int64_t i = 0; i < rows; i += V::width)
        for (std::int64_t k = 0; k < weight.rank; ++k)
            V::store(a + k * rows + i,
                     V::load(lowRankRegister<V>(weight, outputs.begin + i) + k * lowRankTile));
    matrixProduct<V>({.a = factors,
                      .aRow = weight.rank,
                      .aDepth = 1,
                      .b = a,
                      .bDepth = rows,
                      .depth = weight.rank,
                      .c = outputs.out,
                      .cRow = outputs.stride,
                      .accumulate = true},
                     x.rows, outputs.end - outputs.begin);
}

/// first(i, t): the register of first terms of rows i .. of token t.
template<class V, class First>
void finishRows(const PackedLinear& weight, const Activations& x, const Outputs& outputs,
                First&& first) {
    thread_local AlignedVector<float> scratch;
    float* factors = reserve(scratch, x.rows * weight.rank);
    lowRankFactors<V>(weight, x, factors);
    const std::int64_t rankHere = x.rows == 1 ? weight.rank : 0;
    for (int t = 0; t < x.rows; ++t)
        for (std::int64_t i = outputs.begin; i < outputs.end; i += V::width) {
            auto value = first(i, t);
            if (weight.mean != nullptr)
                value = V::fma(V::load(weight.mean + i), V::set(x.sum[t]), value);
            const std::int8_t* a = lowRankRegister<V>(weight, i);
            for (std::int64_t k = 0; k < rankHere; ++k)
                value = V::fma(V::load(a + k * lowRankTile), V::set(factors[k]), value);
            float* out = outputs.out + t * outputs.stride + i - outputs.begin;
            if (outputs.end - i >= V::width) {
                V::store(out, outputs.accumulate ? value + V::load(out) : value);
                continue;
            }
            const auto count = static_cast<int>(outputs.end - i);
            V::store(out, outputs.accumulate ? value + V::load(out, count) : value, count);
        }
    if (weight.rank > rankHere)
        addLowRankBatch<V>(weight, x, factors, outputs);
}

template<class V>
void finishFloat(const PackedLinear& weight, const Activations& x, const float* sums,
                 const Outputs& outputs) {
    finishRows<V>(weight, x, outputs, [&](std::int64_t i, int t) {
        const auto sum = V::load(sums + t * outputs.ld + i - outputs.begin);
        return weight.scale != nullptr ? V::load(weight.scale + i) * sum : sum;
    });
}

template<class V>
void finishQuantized(const PackedLinear& weight, const Activations& x, const std::int32_t* sums,
                     const Outputs& outputs) {
    finishRows<V>(weight, x, outputs, [&](std::int64_t i, int t) {
        const auto u = V::combine(sums + t * outputs.ld + i - outputs.begin, weight.signSum + i,
                                  x.sumQ[t], x.zero[t]);
        return V::load(weight.scale + i) * (V::set(x.scale[t]) * u);
    });
}

} // namespace bwla::simd
