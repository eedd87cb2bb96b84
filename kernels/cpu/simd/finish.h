// SPDX-License-Identifier: GPL-3.0-or-later
//
// From raw sums to outputs: scale, mean, low rank, residual (FinishFloatKernel and its quantized
// sibling). Row arrays of PackedLinear are padded to tiles of low rank; only `out` is not.
#pragma once

#include "kernels/cpu/simd/scratch.h"
#include "kernels/kernel_types.h"

#include <algorithm>

namespace bwla::simd {

/// lowRankAScale_k * t_k of one token.
template<class V>
const float* lowRankFactors(const PackedLinear& weight, const Activations& x, int row) {
    thread_local AlignedVector<float> factors;
    float* out = reserve(factors, weight.rank);
    for (std::int64_t k = 0; k < weight.rank; ++k)
        out[k] = weight.lowRankAScale[k] * x.lowRank[row * x.rank + k];
    return out;
}

/// value + mean_i * sum(x'') + sum_k A_ik t_k for the register of rows that starts at i.
template<class V>
typename V::Reg addMeanAndLowRank(const PackedLinear& weight, float sum, const float* factors,
                                  std::int64_t i, typename V::Reg value) {
    if (weight.mean != nullptr)
        value = V::fma(V::load(weight.mean + i), V::set(sum), value);
    const std::int8_t* a =
        weight.lowRankA + i / lowRankTile * lowRankTile * weight.rank + i % lowRankTile;
    for (std::int64_t k = 0; k < weight.rank; ++k)
        value = V::fma(V::load(a + k * lowRankTile), V::set(factors[k]), value);
    return value;
}

/// out[0 .. end - begin) from scaled(i), the register of first terms.
template<class V, class Scaled>
void finishRows(const PackedLinear& weight, const Activations& x, int row, std::int64_t begin,
                std::int64_t end, bool accumulate, float* out, Scaled&& scaled) {
    const float* factors = lowRankFactors<V>(weight, x, row);
    const float sum = weight.mean != nullptr ? x.sum[row] : 0.0F;
    for (std::int64_t i = begin; i < end; i += V::width) {
        const auto count = static_cast<int>(std::min<std::int64_t>(V::width, end - i));
        auto value = addMeanAndLowRank<V>(weight, sum, factors, i, scaled(i));
        float* to = out + i - begin;
        if (count == V::width) {
            V::store(to, accumulate ? value + V::load(to) : value);
            continue;
        }
        V::store(to, accumulate ? value + V::load(to, count) : value, count);
    }
}

template<class V>
void finishFloat(const PackedLinear& weight, const Activations& x, int row, std::int64_t begin,
                 std::int64_t end, const float* sums, bool accumulate, float* out) {
    finishRows<V>(weight, x, row, begin, end, accumulate, out, [&](std::int64_t i) {
        const auto sum = V::load(sums + i - begin);
        return weight.scale != nullptr ? V::load(weight.scale + i) * sum : sum;
    });
}

template<class V>
void finishQuantized(const PackedLinear& weight, const Activations& x, int row, std::int64_t begin,
                     std::int64_t end, const std::int32_t* sums, bool accumulate, float* out) {
    // u = 2 * sum - sumQ - z * signSum in integers, as wide as a register of floats.
    const std::int32_t sumQ = x.sumQ[row];
    const std::int32_t zero = x.zero[row];
    const auto scale = V::set(x.scale[row]);
    finishRows<V>(weight, x, row, begin, end, accumulate, out, [&](std::int64_t i) {
        alignas(kernelAlignment) std::int32_t u[V::width];
        for (int lane = 0; lane < V::width; ++lane)
            u[lane] = 2 * sums[i - begin + lane] - sumQ - zero * weight.signSum[i + lane];
        return V::load(weight.scale + i) * (scale * V::load(u));
    });
}

} // namespace bwla::simd
