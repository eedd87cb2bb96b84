// SPDX-License-Identifier: GPL-3.0-or-later
//
// Products with weights that are stored value by value: float, half, int8.
// Few tokens: dot products; one token is bound by memory. Many: six rows of weights at a time
// become floats in the first cache and meet tiles of tokens (tile_product.h).
#pragma once

#include "kernels/aligned.h"
#include "kernels/cpu/simd/scratch.h"
#include "kernels/cpu/simd/tile_product.h"
#include "kernels/kernel_types.h"

#include <type_traits>

namespace bwla::simd {

/// From this many tokens on tiles are faster than dot products.
inline constexpr int tileTokens = 8;

/// Where the tokens of the tile that holds `token` lie in the encoded batch: [cols][width].
template<class V>
struct TokenTile {
    static constexpr std::int64_t most = V::tileVectors * V::width;
    std::int64_t first;
    std::int64_t count; ///< true tokens
    std::int64_t width; ///< with pads

    TokenTile(std::int64_t token, std::int64_t rows)
        : first(token / most * most), count(std::min(most, rows - first)),
          width(roundUp(count, V::width)) {}
};

template<class V>
std::size_t tokenTileBytes(std::int64_t cols, int /*bits*/, int rows) {
    const std::int64_t floats = roundUp(rows, V::width) * cols;
    return rows < tileTokens ? 0 : static_cast<std::size_t>(floats) * sizeof(float);
}

template<class V>
void encodeTokenTiles(const Activations& x, int rowBegin, int rowEnd, std::byte* encoded) {
    static_assert(TokenTile<V>::most % encodeGrain == 0); // the range lies in one tile
    if (x.rows < tileTokens)
        return;
    const TokenTile<V> tile(rowBegin, x.rows);
    float* to = reinterpret_cast<float*>(encoded) + tile.first * x.cols + rowBegin - tile.first;
    const float* from = x.x + rowBegin * x.stride;
    const int count = rowEnd - rowBegin;
    for (std::int64_t k = 0; k < x.cols; ++k, to += tile.width)
        for (int t = 0; t < count; ++t)
            to[t] = from[t * x.stride + k];
}

// One token is bound by memory, and memory wants to be asked ahead of time, differently for short
// and long rows. GB/s of half-precision weights on 2 cores of a Zen 4 EPYC (medians of three runs):
//                                      49152 x 576   4096 x 14336
//   four rows, nothing asked ahead             25             34
//   one row, 4 KB ahead in memory order        48             25
//   four rows, 1 KB ahead in each              22             42
inline constexpr std::int64_t shortRowBytes = 4096;

/// Sum of one weight row times one token; four chains of additions hide their latency. Rows lie
/// behind each other, so what is asked for past the end is the next row.
template<class V, class Stored>
float dotShortRow(const Stored* weights, std::int64_t stride, const float* x) {
    constexpr std::int64_t ahead = 4096;
    constexpr int chains = 4;
    constexpr int step = chains * V::width; // divides the padding
    typename V::Reg sum[chains];
    BWLA_UNROLL
    for (int n = 0; n < chains; ++n)
        sum[n] = V::zero();
    for (std::int64_t k = 0; k < stride; k += step) {
        const char* next = reinterpret_cast<const char*>(weights + k) + ahead;
        BWLA_UNROLL
        for (std::size_t offset = 0; offset < step * sizeof(Stored); offset += kernelAlignment)
            _mm_prefetch(next + offset, _MM_HINT_T0);
        BWLA_UNROLL
        for (int n = 0; n < chains; ++n)
            sum[n] =
                V::fma(V::load(weights + k + n * V::width), V::load(x + k + n * V::width), sum[n]);
    }
    return V::sum((sum[0] + sum[1]) + (sum[2] + sum[3]));
}

/// Sums of R long weight rows times one token.
template<class V, int R, class Stored>
void dotLongRows(const Stored* weights, std::int64_t stride, const float* x, float* sums) {
    constexpr std::int64_t ahead = 1024;
    typename V::Reg sum[R];
    BWLA_UNROLL
    for (int r = 0; r < R; ++r)
        sum[r] = V::zero();
    for (std::int64_t k = 0; k < stride; k += V::width) {
        const typename V::Reg token = V::load(x + k);
        BWLA_UNROLL
        for (int r = 0; r < R; ++r) {
            const Stored* row = weights + r * stride + k;
            _mm_prefetch(reinterpret_cast<const char*>(row) + ahead, _MM_HINT_T0);
            sum[r] = V::fma(V::load(row), token, sum[r]);
        }
    }
    BWLA_UNROLL
    for (int r = 0; r < R; ++r)
        sums[r] = V::sum(sum[r]);
}

template<class V, class Stored>
void dotToken(const Stored* weights, std::int64_t stride, const float* x, std::int64_t rows,
              float* sums) {
    const bool isLong = stride * static_cast<std::int64_t>(sizeof(Stored)) >= shortRowBytes;
    std::int64_t i = 0;
    for (; isLong && i + 4 <= rows; i += 4)
        dotLongRows<V, 4>(weights + i * stride, stride, x, sums + i);
    for (; i < rows; ++i)
        sums[i] = dotShortRow<V>(weights + i * stride, stride, x);
}

/// R weight rows x C tokens.
template<class V, int R, int C, class Stored>
void dotBlock(const Stored* weights, std::int64_t stride, const float* x, float* sums,
              std::int64_t ld) {
    typename V::Reg sum[R][C];
    BWLA_UNROLL
    for (int r = 0; r < R; ++r)
        BWLA_UNROLL
    for (int c = 0; c < C; ++c)
        sum[r][c] = V::zero();
    for (std::int64_t k = 0; k < stride; k += V::width) {
        typename V::Reg token[C];
        BWLA_UNROLL
        for (int c = 0; c < C; ++c)
            token[c] = V::load(x + c * stride + k);
        BWLA_UNROLL
        for (int r = 0; r < R; ++r) {
            const typename V::Reg weight = V::load(weights + r * stride + k);
            BWLA_UNROLL
            for (int c = 0; c < C; ++c)
                sum[r][c] = V::fma(weight, token[c], sum[r][c]);
        }
    }
    BWLA_UNROLL
    for (int r = 0; r < R; ++r)
        BWLA_UNROLL
    for (int c = 0; c < C; ++c)
        sums[c * ld + r] = V::sum(sum[r][c]);
}

template<class V, class Stored>
void dotSums(const PackedLinear& weight, const Activations& x, std::int64_t begin, std::int64_t end,
             float* sums, std::int64_t ld) {
    const auto* stored = static_cast<const Stored*>(weight.weights);
    const std::int64_t stride = weight.stride;
    int row = 0;
    for (; row + 4 <= x.rows; row += 4) {
        const float* token = x.x + row * stride;
        float* to = sums + row * ld;
        std::int64_t i = begin;
        for (; i + 4 <= end; i += 4)
            dotBlock<V, 4, 4>(stored + i * stride, stride, token, to + i - begin, ld);
        for (; i < end; ++i)
            dotBlock<V, 1, 4>(stored + i * stride, stride, token, to + i - begin, ld);
    }
    for (; row < x.rows; ++row)
        dotToken<V>(stored + begin * stride, stride, x.x + row * stride, end - begin,
                    sums + row * ld);
}

/// Columns [k, k + depth) of `rows` rows as floats: where they are, or copied to `scratch`.
template<class V, class Stored>
Tile weightTile(const PackedLinear& weight, std::int64_t row, int rows, std::int64_t k,
                std::int64_t depth, AlignedVector<float>& scratch) {
    const Stored* stored = static_cast<const Stored*>(weight.weights) + row * weight.stride + k;
    Tile tile{};
    tile.aDepth = 1;
    tile.depth = depth;
    if constexpr (std::is_same_v<Stored, float>) {
        tile.a = stored;
        tile.aRow = weight.stride;
    } else {
        tile.aRow = roundUp(depth, V::width);
        float* floats = reserve(scratch, rows * tile.aRow);
        for (int r = 0; r < rows; ++r) // rows are padded: whole registers may be read
            for (std::int64_t j = 0; j < depth; j += V::width)
                V::store(floats + r * tile.aRow + j, V::load(stored + r * weight.stride + j));
        tile.a = floats;
    }
    return tile;
}

/// Columns of a block: its tokens, 1024 x 128 floats, stay in the second cache for all weight rows.
inline constexpr std::int64_t depthBlock = 1024;

template<class V, class Stored>
void tileSums(const PackedLinear& weight, const Activations& x, const float* tiles,
              std::int64_t begin, std::int64_t end, float* sums, std::int64_t ld) {
    thread_local AlignedVector<float> widened;
    thread_local AlignedVector<float> blocks; // [weight row][token, tiles padded]
    const std::int64_t blockRow = roundUp(x.rows, TokenTile<V>::most);
    float* products = reserve(blocks, (end - begin) * blockRow);
    for (std::int64_t k = 0; k < x.cols; k += depthBlock)
        for (std::int64_t i = begin; i < end; i += tileRows) {
            const auto rows = static_cast<int>(std::min<std::int64_t>(tileRows, end - i));
            Tile part = weightTile<V, Stored>(weight, i, rows, k, std::min(depthBlock, x.cols - k),
                                              widened);
            part.cRow = blockRow;
            part.accumulate = k > 0;
            for (std::int64_t token = 0; token < x.rows; token += TokenTile<V>::most) {
                const TokenTile<V> tile(token, x.rows);
                part.b = tiles + tile.first * x.cols + k * tile.width;
                part.bDepth = tile.width;
                part.c = products + (i - begin) * blockRow + token;
                tileProduct<V>(part, rows, static_cast<int>(tile.width));
            }
        }
    for (std::int64_t t = 0; t < x.rows; ++t)
        for (std::int64_t i = 0; i < end - begin; ++i)
            sums[t * ld + i] = products[i * blockRow + t];
}

template<class V, class Stored>
void denseSums(const PackedLinear& weight, const Activations& x, const std::byte* encoded,
               std::int64_t begin, std::int64_t end, void* sums, std::int64_t ld) {
    auto* out = static_cast<float*>(sums);
    if (x.rows < tileTokens)
        dotSums<V, Stored>(weight, x, begin, end, out, ld);
    else
        tileSums<V, Stored>(weight, x, reinterpret_cast<const float*>(encoded), begin, end, out,
                            ld);
}

template<class V, class Stored>
LinearKernel denseKernel() {
    return {Layout::rowMajor, tokenTileBytes<V>, encodeTokenTiles<V>, denseSums<V, Stored>};
}

} // namespace bwla::simd
