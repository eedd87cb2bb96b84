// SPDX-License-Identifier: GPL-3.0-or-later
//
// Attention of one key-value head over a cache of halves or of bytes with scales. Many tokens
// (prompts, evaluation): lanes are (token, head) pairs, blocks of positions become floats and meet
// them in two tile products with a running softmax between (Milakov and Gimelshein 2018), so that
// memory does not grow with the context. Few tokens: attend_token.h.
#pragma once

#include "kernels/cpu/simd/attend_token.h"
#include "kernels/reference/reference_kernels.h"

namespace bwla::simd {

/// From this many (token, head) pairs on, lanes across them beat lanes along the head.
inline constexpr std::int64_t batchLanes = 24;
inline constexpr std::int64_t positionBlock = 64;

/// Up to `most` pairs and their running state.
template<class V>
struct LaneTile {
    static constexpr std::int64_t most = V::tileVectors * V::width;
    const AttendJob& job;
    std::int64_t first; ///< pair index: token first / group, head first % group
    std::int64_t count;
    std::int64_t width; ///< count rounded up to registers
    float* q;           ///< [headDim][most], scaled
    float* scores;      ///< [positionBlock][most]
    float* sums;        ///< [headDim][most]
    float* widened;     ///< [positionBlock][headDim]
    alignas(kernelAlignment) float largest[most];
    alignas(kernelAlignment) float total[most];

    LaneTile(const AttendJob& attend, std::int64_t firstPair, std::int64_t pairs, float* scratch)
        : job(attend), first(firstPair), count(std::min(most, pairs - firstPair)),
          width(roundUp(count, V::width)), q(scratch), scores(q + attend.headDim * most),
          sums(scores + positionBlock * most), widened(sums + attend.headDim * most) {}
    static std::int64_t scratchFloats(std::int64_t headDim) {
        return 2 * headDim * most + positionBlock * (most + headDim);
    }
    [[nodiscard]] std::int64_t row(std::int64_t lane) const {
        return job.rowBegin + (first + lane) / job.group;
    }
    [[nodiscard]] std::int64_t head(std::int64_t lane) const { return (first + lane) % job.group; }
    /// Positions that the last pair sees.
    [[nodiscard]] std::int64_t positions() const { return job.position + row(count - 1) + 1; }
};

template<class V>
void loadLanes(LaneTile<V>& tile) {
    const AttendJob& job = tile.job;
    const float scale = 1.0F / std::sqrt(static_cast<float>(job.headDim));
    std::fill_n(tile.q, job.headDim * tile.most, 0.0F);
    std::fill_n(tile.sums, job.headDim * tile.most, 0.0F);
    std::fill_n(tile.largest, tile.most, -std::numeric_limits<float>::infinity());
    std::fill_n(tile.total, tile.most, 0.0F);
    for (std::int64_t lane = 0; lane < tile.count; ++lane) {
        const float* q = job.q + tile.row(lane) * job.qStride + tile.head(lane) * job.headDim;
        for (std::int64_t d = 0; d < job.headDim; ++d)
            tile.q[d * tile.most + lane] = scale * q[d];
    }
}

/// Positions that a lane may not see yet.
template<class V>
void maskFuture(LaneTile<V>& tile, std::int64_t begin, std::int64_t count) {
    if (begin + count - 1 <= tile.job.position + tile.row(0))
        return;
    for (std::int64_t lane = 0; lane < tile.count; ++lane) {
        const std::int64_t visible = tile.job.position + tile.row(lane) + 1 - begin;
        for (std::int64_t p = std::max<std::int64_t>(0, visible); p < count; ++p)
            tile.scores[p * tile.most + lane] = -std::numeric_limits<float>::infinity();
    }
}

/// Scores of a block to weights relative to the largest score so far; earlier sums follow.
template<class V>
void accumulateSoftmax(LaneTile<V>& tile, std::int64_t count) {
    for (std::int64_t lane = 0; lane < tile.width; lane += V::width) {
        const auto before = V::load(tile.largest + lane);
        auto largest = before;
        for (std::int64_t p = 0; p < count; ++p)
            largest = V::max(V::load(tile.scores + p * tile.most + lane), largest);
        const auto fade = exponential<V>(before - largest);
        auto total = fade * V::load(tile.total + lane);
        for (std::int64_t p = 0; p < count; ++p) {
            float* score = tile.scores + p * tile.most + lane;
            const auto weight = exponential<V>(V::load(score) - largest);
            total += weight;
            V::store(score, weight);
        }
        V::store(tile.largest + lane, largest);
        V::store(tile.total + lane, total);
        for (std::int64_t d = 0; d < tile.job.headDim; ++d) {
            float* sum = tile.sums + d * tile.most + lane;
            V::store(sum, fade * V::load(sum));
        }
    }
}

template<class V, class Stored>
void widenRows(const void* data, std::int64_t begin, std::int64_t count, LaneTile<V>& tile) {
    const std::int64_t dim = tile.job.headDim;
    const CacheRows<Stored> rows{data, dim};
    if constexpr (!CacheRows<Stored>::scaled)
        return widen<V, Stored>(rows.row(begin), 1.0F, count * dim, tile.widened);
    for (std::int64_t p = 0; p < count; ++p)
        widen<V, Stored>(rows.row(begin + p), rows.scale(begin + p), dim, tile.widened + p * dim);
}

template<class V, class Stored>
void attendBlock(LaneTile<V>& tile, std::int64_t begin, std::int64_t count) {
    const std::int64_t dim = tile.job.headDim;
    widenRows<V, Stored>(tile.job.keys, begin, count, tile);
    matrixProduct<V>({.a = tile.widened,
                      .aRow = dim,
                      .aDepth = 1,
                      .b = tile.q,
                      .bDepth = tile.most,
                      .depth = dim,
                      .c = tile.scores,
                      .cRow = tile.most,
                      .accumulate = false},
                     count, tile.width);
    maskFuture<V>(tile, begin, count);
    accumulateSoftmax<V>(tile, count);
    widenRows<V, Stored>(tile.job.values, begin, count, tile);
    matrixProduct<V>({.a = tile.widened, // values transposed
                      .aRow = 1,
                      .aDepth = dim,
                      .b = tile.scores,
                      .bDepth = tile.most,
                      .depth = count,
                      .c = tile.sums,
                      .cRow = tile.most,
                      .accumulate = true},
                     dim, tile.width);
}

template<class V, class Stored>
void attendBatch(const AttendJob& job) {
    thread_local AlignedVector<float> scratch;
    float* memory = reserve(scratch, LaneTile<V>::scratchFloats(job.headDim));
    const std::int64_t pairs = (job.rowEnd - job.rowBegin) * job.group;
    for (std::int64_t first = 0; first < pairs; first += LaneTile<V>::most) {
        LaneTile<V> tile(job, first, pairs, memory);
        loadLanes<V>(tile);
        const std::int64_t positions = tile.positions();
        for (std::int64_t begin = 0; begin < positions; begin += positionBlock)
            attendBlock<V, Stored>(tile, begin, std::min(positionBlock, positions - begin));
        for (std::int64_t lane = 0; lane < tile.count; ++lane) {
            float* out = job.out + tile.row(lane) * job.outStride + tile.head(lane) * job.headDim;
            for (std::int64_t d = 0; d < job.headDim; ++d)
                out[d] = tile.sums[d * tile.most + lane] / tile.total[lane];
        }
    }
}

template<class V, class Stored>
void attend(const AttendJob& job) {
    if (job.headDim % V::width != 0) // no model we know
        return CacheRows<Stored>::scaled ? reference::attendInt8(job) : reference::attendF16(job);
    if ((job.rowEnd - job.rowBegin) * job.group >= batchLanes)
        return attendBatch<V, Stored>(job);
    for (int row = job.rowBegin; row < job.rowEnd; ++row)
        attendToken<V, Stored>(job, row);
}

} // namespace bwla::simd
