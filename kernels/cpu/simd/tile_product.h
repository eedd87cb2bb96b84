// SPDX-License-Identifier: GPL-3.0-or-later
//
// The one float matrix product of the vector levels: C(r, j) (+)= sum_k A(r, k) * B(k, j), lanes
// along j, one broadcast element of A at a time, so that A may have any strides. Linear layers put
// tokens into the lanes, attention tokens and heads, the rotation columns.
//
// Measured on 2 cores of a Zen 4 EPYC (AVX-512, 128 tokens): 180 to 210 GFLOP/s at 576 x 1536 and
// 4096 x 4096, OpenBLAS 0.3.21 164 to 188 on the same shapes with weights already in float.
#pragma once

#include "kernels/cpu/simd/unroll.h"

#include <algorithm>
#include <cstdint>

namespace bwla::simd {

/// Rows a block of accumulators covers.
inline constexpr int tileRows = 6;

struct Tile {
    const float* a;
    std::int64_t aRow;   ///< floats from A(r, k) to A(r + 1, k)
    std::int64_t aDepth; ///< floats from A(r, k) to A(r, k + 1)
    const float* b;
    std::int64_t bDepth; ///< floats from B(k, j) to B(k + 1, j)
    std::int64_t depth;
    float* c;
    std::int64_t cRow;
    bool accumulate;
};

/// R rows x N registers; the last register holds `tail` columns.
template<class V, int R, int N>
void tileBlock(const Tile& t, int tail) {
    typename V::Reg sum[R][N];
    constexpr int last = (N - 1) * V::width;
    BWLA_UNROLL
    for (int r = 0; r < R; ++r) {
        const float* c = t.c + r * t.cRow;
        BWLA_UNROLL
        for (int n = 0; n + 1 < N; ++n)
            sum[r][n] = t.accumulate ? V::load(c + n * V::width) : V::zero();
        sum[r][N - 1] = t.accumulate ? V::load(c + last, tail) : V::zero();
    }
    const float* a = t.a;
    const float* b = t.b;
    for (std::int64_t k = 0; k < t.depth; ++k) {
        typename V::Reg columns[N];
        BWLA_UNROLL
        for (int n = 0; n + 1 < N; ++n)
            columns[n] = V::load(b + n * V::width);
        columns[N - 1] = V::load(b + last, tail);
        BWLA_UNROLL
        for (int r = 0; r < R; ++r) {
            const typename V::Reg weight = V::set(a[r * t.aRow]);
            BWLA_UNROLL
            for (int n = 0; n < N; ++n)
                sum[r][n] = V::fma(weight, columns[n], sum[r][n]);
        }
        a += t.aDepth;
        b += t.bDepth;
    }
    BWLA_UNROLL
    for (int r = 0; r < R; ++r) {
        float* c = t.c + r * t.cRow;
        BWLA_UNROLL
        for (int n = 0; n + 1 < N; ++n)
            V::store(c + n * V::width, sum[r][n]);
        V::store(c + last, sum[r][N - 1], tail);
    }
}

template<class V, int R>
void tileBlocks(const Tile& t, int vectors, int tail) {
    if constexpr (V::tileVectors > 2) {
        if (vectors == 4)
            return tileBlock<V, R, 4>(t, tail);
        if (vectors == 3)
            return tileBlock<V, R, 3>(t, tail);
    }
    return vectors == 2 ? tileBlock<V, R, 2>(t, tail) : tileBlock<V, R, 1>(t, tail);
}

/// 1 .. tileRows rows and 1 .. V::tileVectors * V::width columns.
template<class V>
void tileProduct(const Tile& t, int rows, int cols) {
    const int vectors = (cols + V::width - 1) / V::width;
    const int tail = cols - (vectors - 1) * V::width;
    switch (rows) {
    case 6:
        return tileBlocks<V, 6>(t, vectors, tail);
    case 5:
        return tileBlocks<V, 5>(t, vectors, tail);
    case 4:
        return tileBlocks<V, 4>(t, vectors, tail);
    case 3:
        return tileBlocks<V, 3>(t, vectors, tail);
    case 2:
        return tileBlocks<V, 2>(t, vectors, tail);
    default:
        return tileBlocks<V, 1>(t, vectors, tail);
    }
}

/// Any number of rows and columns.
template<class V>
void matrixProduct(const Tile& whole, std::int64_t rows, std::int64_t cols) {
    constexpr std::int64_t widest = V::tileVectors * V::width;
    for (std::int64_t j = 0; j < cols; j += widest)
        for (std::int64_t r = 0; r < rows; r += tileRows) {
            Tile t = whole;
            t.a += r * t.aRow;
            t.b += j;
            t.c += r * t.cRow + j;
            tileProduct<V>(t, static_cast<int>(std::min<std::int64_t>(tileRows, rows - r)),
                           static_cast<int>(std::min(widest, cols - j)));
        }
}

} // namespace bwla::simd
