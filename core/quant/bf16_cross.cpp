// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/bf16_cross.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace bwla {

#if defined(__x86_64__)

namespace {

// A tile of the sum is 8 x 48: 24 registers of sums, three of y's columns, and each pair of x's
// values comes from memory with the instruction that multiplies it.
constexpr std::int64_t tileRows = 8, lanes = 16, tileCols = 3 * lanes;
// Pairs of rows that are added up before a tile is: y's panel of them (48 KB) stays in the caches.
constexpr std::int64_t pairsAtOnce = 256;

/// Columns in panels of `width`: a panel holds for each pair of rows `width` words, a word both
/// rows' values of a column. Beyond the last row and column are zeros.
class Panels {
public:
    Panels(const Bf16Rows& x, std::int64_t firstRow, std::int64_t width)
        : width_(width), pairs_(std::min(pairsAtOnce, (x.rows - firstRow + 1) / 2)),
          count_((x.cols + width - 1) / width),
          words_(static_cast<std::size_t>(count_ * pairs_ * width)) {
        at::parallel_for(0, count_, 1, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t panel = begin; panel < end; ++panel)
                fill(x, firstRow, panel);
        });
    }

    [[nodiscard]] const std::uint32_t* panel(std::int64_t i) const {
        return words_.data() + i * pairs_ * width_;
    }
    [[nodiscard]] std::int64_t pairs() const { return pairs_; }
    [[nodiscard]] std::int64_t count() const { return count_; }

private:
    void fill(const Bf16Rows& x, std::int64_t firstRow, std::int64_t panel) {
        const std::int64_t first = panel * width_, cols = std::min(width_, x.cols - first);
        std::uint32_t* out = words_.data() + panel * pairs_ * width_;
        for (std::int64_t pair = 0; pair < pairs_; ++pair, out += width_) {
            const std::int64_t row = firstRow + 2 * pair;
            const std::uint16_t* a = x.values + row * x.cols + first;
            const std::uint16_t* b = row + 1 < x.rows ? a + x.cols : nullptr;
            for (std::int64_t i = 0; i < cols; ++i)
                out[i] = a[i] | (b == nullptr ? 0U : static_cast<std::uint32_t>(b[i]) << 16U);
        }
    }

    std::int64_t width_, pairs_, count_;
    std::vector<std::uint32_t> words_;
};

__attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16"))) void
multiplyTile(const std::uint32_t* x, const std::uint32_t* y, std::int64_t pairs, float* tile) {
    __m512 sums[tileRows][3];
    for (std::int64_t i = 0; i < tileRows; ++i)
        for (std::int64_t j = 0; j < 3; ++j)
            sums[i][j] = _mm512_setzero_ps();
    for (std::int64_t pair = 0; pair < pairs; ++pair, x += tileRows, y += tileCols) {
        const auto y0 = reinterpret_cast<__m512bh>(_mm512_loadu_si512(y)),
                   y1 = reinterpret_cast<__m512bh>(_mm512_loadu_si512(y + lanes)),
                   y2 = reinterpret_cast<__m512bh>(_mm512_loadu_si512(y + 2 * lanes));
#pragma GCC unroll 8
        for (std::int64_t i = 0; i < tileRows; ++i) {
            const auto xi =
                reinterpret_cast<__m512bh>(_mm512_set1_epi32(static_cast<std::int32_t>(x[i])));
            sums[i][0] = _mm512_dpbf16_ps(sums[i][0], xi, y0);
            sums[i][1] = _mm512_dpbf16_ps(sums[i][1], xi, y1);
            sums[i][2] = _mm512_dpbf16_ps(sums[i][2], xi, y2);
        }
    }
    for (std::int64_t i = 0; i < tileRows; ++i)
        for (std::int64_t j = 0; j < 3; ++j)
            _mm512_storeu_ps(tile + i * tileCols + j * lanes, sums[i][j]);
}

/// The n-th panel to multiply: threads take neighbours, and a triangle's panels grow.
std::int64_t spread(std::int64_t n, std::int64_t count) {
    const std::int64_t half = (count + 1) / 2;
    return n < half ? 2 * n : 2 * (n - half) + 1;
}

void multiply(const Bf16Rows& x, const Bf16Rows& y, float* sum, bool triangle) {
    for (std::int64_t first = 0; first < x.rows; first += 2 * pairsAtOnce) {
        const Panels left(x, first, tileRows), right(y, first, tileCols);
        at::parallel_for(0, right.count(), 1, [&](std::int64_t begin, std::int64_t end) {
            alignas(64) float tile[tileRows * tileCols];
            for (std::int64_t n = begin; n < end; ++n) {
                const std::int64_t j = spread(n, right.count());
                const std::int64_t col = j * tileCols, cols = std::min(tileCols, y.cols - col);
                const std::int64_t end_ = triangle ? col + cols : x.cols;
                for (std::int64_t row = 0; row < end_; row += tileRows) {
                    multiplyTile(left.panel(row / tileRows), right.panel(j), left.pairs(), tile);
                    const std::int64_t rows = std::min(tileRows, x.cols - row);
                    for (std::int64_t i = 0; i < rows; ++i)
                        for (std::int64_t k = 0; k < cols; ++k)
                            sum[(row + i) * y.cols + col + k] += tile[i * tileCols + k];
                }
            }
        });
    }
}

} // namespace

bool hasBf16Cross() {
    return __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vl");
}

void addBf16Cross(const Bf16Rows& x, const Bf16Rows& y, float* sum) {
    multiply(x, y, sum, false);
}

void addBf16Gram(const Bf16Rows& x, float* sum) {
    multiply(x, x, sum, true);
}

#else

bool hasBf16Cross() {
    return false;
}
void addBf16Cross(const Bf16Rows&, const Bf16Rows&, float*) {}
void addBf16Gram(const Bf16Rows&, float*) {}

#endif

} // namespace bwla
