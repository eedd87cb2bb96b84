// SPDX-License-Identifier: GPL-3.0-or-later
//
// Attention of one token (decode): heads that share a key-value head are taken up to 4 at a time,
// so that each key and value is converted from the cache's type (half precision, or bytes and a
// scale) once for them.
#pragma once

#include "kernels/cache_rows.h"
#include "kernels/cpu/simd/elementwise.h"
#include "kernels/cpu/simd/scratch.h"

#include <limits>

namespace bwla::simd {

template<class Stored>
struct TokenHeads {
    const float* q; ///< [heads][headDim]
    CacheRows<Stored> keys, values;
    std::int64_t headDim; ///< a multiple of the register width
    std::int64_t positions;
    float* scores; ///< [heads][stride]
    std::int64_t stride;
    float* out; ///< [heads][headDim]
};

/// scores = q . keys, unscaled. Dot products of a register's width of positions are summed across
/// lanes together.
template<class V, int H, class Stored>
void scoreHeads(const TokenHeads<Stored>& t) {
    alignas(kernelAlignment) typename V::Reg partial[H][V::width];
    alignas(kernelAlignment) float scales[V::width] = {};
    for (std::int64_t first = 0; first < t.positions; first += V::width) {
        const auto count = static_cast<int>(std::min<std::int64_t>(V::width, t.positions - first));
        BWLA_UNROLL
        for (int p = 0; p < V::width; ++p) {
            typename V::Reg sum[H];
            BWLA_UNROLL
            for (int h = 0; h < H; ++h)
                sum[h] = V::zero();
            // Past the end the last key again: the register is cut when it is stored.
            const std::int64_t position = first + std::min(p, count - 1);
            const Stored* key = t.keys.row(position);
            if constexpr (CacheRows<Stored>::scaled)
                scales[p] = t.keys.scale(position);
            for (std::int64_t d = 0; d < t.headDim; d += V::width) {
                const auto value = V::load(key + d);
                BWLA_UNROLL
                for (int h = 0; h < H; ++h)
                    sum[h] = V::fma(value, V::load(t.q + h * t.headDim + d), sum[h]);
            }
            BWLA_UNROLL
            for (int h = 0; h < H; ++h)
                partial[h][p] = sum[h];
        }
        BWLA_UNROLL
        for (int h = 0; h < H; ++h) {
            auto sums = V::sums(partial[h]);
            if constexpr (CacheRows<Stored>::scaled)
                sums = sums * V::load(scales);
            V::store(t.scores + h * t.stride + first, sums, count);
        }
    }
}

/// scores -> weights that sum to 1.
template<class V>
void softmax(float* scores, std::int64_t count, float scale) {
    auto most = V::set(-std::numeric_limits<float>::infinity());
    forRegisters<V>(count, [&](std::int64_t j, auto load, auto) {
        // Only a partial register has zeros behind the end: they must not win.
        if (j + V::width <= count)
            most = V::max(load(scores), most);
    });
    float largest = V::most(most);
    for (std::int64_t j = count / V::width * V::width; j < count; ++j)
        largest = std::max(largest, scores[j]);
    const auto shift = V::set(largest * scale);
    forRegisters<V>(count, [&](std::int64_t, auto load, auto store) {
        store(scores, exponential<V>(load(scores) * V::set(scale) - shift));
    });
    auto total = V::zero();
    forRegisters<V>(count, [&](std::int64_t, auto load, auto) { total += load(scores); });
    const auto inverse = V::set(1.0F / V::sum(total));
    forRegisters<V>(
        count, [&](std::int64_t, auto load, auto store) { store(scores, load(scores) * inverse); });
}

/// out = scores x values, N registers of the head's width at a time.
template<class V, int H, int N, class Stored>
void mixHeads(const TokenHeads<Stored>& t, std::int64_t d) {
    typename V::Reg sum[H][N];
    BWLA_UNROLL
    for (int h = 0; h < H; ++h)
        BWLA_UNROLL
    for (int n = 0; n < N; ++n)
        sum[h][n] = V::zero();
    for (std::int64_t p = 0; p < t.positions; ++p) {
        typename V::Reg value[N];
        BWLA_UNROLL
        for (int n = 0; n < N; ++n)
            value[n] = V::load(t.values.row(p) + d + n * V::width);
        BWLA_UNROLL
        for (int h = 0; h < H; ++h) {
            const auto weight = V::set(t.scores[h * t.stride + p] * t.values.scale(p));
            BWLA_UNROLL
            for (int n = 0; n < N; ++n)
                sum[h][n] = V::fma(weight, value[n], sum[h][n]);
        }
    }
    BWLA_UNROLL
    for (int h = 0; h < H; ++h)
        BWLA_UNROLL
    for (int n = 0; n < N; ++n)
        V::store(t.out + h * t.headDim + d + n * V::width, sum[h][n]);
}

template<class V, int H, class Stored>
void attendHeads(const TokenHeads<Stored>& t) {
    constexpr int wide = V::tileVectors;
    scoreHeads<V, H>(t);
    const float scale = 1.0F / std::sqrt(static_cast<float>(t.headDim));
    BWLA_UNROLL
    for (int h = 0; h < H; ++h)
        softmax<V>(t.scores + h * t.stride, t.positions, scale);
    std::int64_t d = 0;
    for (; d + wide * V::width <= t.headDim; d += wide * V::width)
        mixHeads<V, H, wide>(t, d);
    for (; d < t.headDim; d += V::width)
        mixHeads<V, H, 1>(t, d);
}

template<class V, class Stored>
void attendToken(const AttendJob& job, int row) {
    thread_local AlignedVector<float> scores;
    const std::int64_t positions = job.position + row + 1;
    const std::int64_t stride = roundUp(positions, rowPadding);
    for (std::int64_t h = 0; h < job.group; h += 4) {
        const TokenHeads<Stored> heads{job.q + row * job.qStride + h * job.headDim,
                                       {job.keys, job.headDim},
                                       {job.values, job.headDim},
                                       job.headDim,
                                       positions,
                                       reserve(scores, 4 * stride),
                                       stride,
                                       job.out + row * job.outStride + h * job.headDim};
        switch (std::min<std::int64_t>(4, job.group - h)) {
        case 4:
            attendHeads<V, 4>(heads);
            break;
        case 3:
            attendHeads<V, 3>(heads);
            break;
        case 2:
            attendHeads<V, 2>(heads);
            break;
        default:
            attendHeads<V, 1>(heads);
        }
    }
}

} // namespace bwla::simd
