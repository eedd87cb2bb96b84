// SPDX-License-Identifier: GPL-3.0-or-later
//
// Signs times float activations by table: the 16 signed sums of 4 activations fill two registers;
// two permutations and a blend by the fourth sign look them up for 8 rows, 32 products.
#include "kernels/cpu/avx2/prelude.h"
#include "kernels/cpu/avx2/signs.h"

#ifdef __x86_64__
#include "kernels/cpu/avx2/target_begin.h"

namespace bwla::avx2 {
namespace {

constexpr std::int64_t tileRows = 32;
constexpr std::int64_t tableFloats = 16; ///< of one group of 4 columns

std::int64_t groupsPerRow(std::int64_t cols) {
    return HostLinear::wordsPerRow(cols) * 8;
}

std::size_t encodedBytes(std::int64_t cols, int /*bits*/, int rows) {
    return static_cast<std::size_t>(rows * groupsPerRow(cols) * tableFloats) * sizeof(float);
}

void encode(const Activations& x, int rowBegin, int rowEnd, std::byte* encoded) {
    const std::int64_t groups = groupsPerRow(x.cols);
    // The sign of activation i in element n: minus where bit i of n is 0.
    const __m256 signs[3] = {_mm256_setr_ps(-0.0F, 0.0F, -0.0F, 0.0F, -0.0F, 0.0F, -0.0F, 0.0F),
                             _mm256_setr_ps(-0.0F, -0.0F, 0.0F, 0.0F, -0.0F, -0.0F, 0.0F, 0.0F),
                             _mm256_setr_ps(-0.0F, -0.0F, -0.0F, -0.0F, 0.0F, 0.0F, 0.0F, 0.0F)};
    for (int row = rowBegin; row < rowEnd; ++row) {
        float* tables = reinterpret_cast<float*>(encoded) + row * groups * tableFloats;
        for (std::int64_t group = 0; group < groups; ++group) {
            const float* four = x.x + row * x.stride + group * 4;
            __m256 three = _mm256_setzero_ps();
            for (int i = 0; i < 3; ++i)
                three += _mm256_xor_ps(_mm256_set1_ps(four[i]), signs[i]);
            const __m256 last = _mm256_set1_ps(four[3]);
            _mm256_store_ps(tables + group * tableFloats, three - last);
            _mm256_store_ps(tables + group * tableFloats + 8, three + last);
        }
    }
}

struct Block {
    const std::uint8_t* signs; ///< one tile
    const float* tables;       ///< C tokens, bytes * 2 tables apart
    std::int64_t bytes;
    float* sums; ///< token c at sums + c * ld
    std::int64_t ld;
};

/// The table's element that bits 0 .. 3 of `index` name; `fourth` has bit 3 in its sign.
__m256 lookUpGroup(const float* table, __m256i index, __m256i fourth) {
    return _mm256_blendv_ps(_mm256_permutevar8x32_ps(_mm256_load_ps(table), index),
                            _mm256_permutevar8x32_ps(_mm256_load_ps(table + 8), index),
                            _mm256_castsi256_ps(fourth));
}

/// 16 rows (half a tile) x C tokens.
template<int C>
void lookUp(const Block& block, std::int64_t firstRow) {
    __m256 sum[2][C];
    for (auto& part : sum)
        for (__m256& token : part)
            token = _mm256_setzero_ps();
    for (std::int64_t j = 0; j < block.bytes; ++j)
        BWLA_UNROLL
    for (int part = 0; part < 2; ++part) {
        const __m256i signs = _mm256_cvtepu8_epi32(_mm_loadl_epi64(
            reinterpret_cast<const __m128i*>(block.signs + j * tileRows + firstRow + 8 * part)));
        const __m256i high = _mm256_srli_epi32(signs, 4);
        BWLA_UNROLL
        for (int c = 0; c < C; ++c) {
            const float* table = block.tables + (c * block.bytes + j) * 2 * tableFloats;
            sum[part][c] += lookUpGroup(table, signs, _mm256_slli_epi32(signs, 28));
            sum[part][c] += lookUpGroup(table + tableFloats, high, _mm256_slli_epi32(signs, 24));
        }
    }
    BWLA_UNROLL
    for (int part = 0; part < 2; ++part)
        BWLA_UNROLL
    for (int c = 0; c < C; ++c)
        _mm256_storeu_ps(block.sums + c * block.ld + firstRow + 8 * part, sum[part][c]);
}

void sums(const PackedLinear& weight, const Activations& x, const std::byte* encoded,
          std::int64_t begin, std::int64_t end, void* out, std::int64_t ld) {
    const std::int64_t bytes = weight.stride * 4;
    for (int row = 0; row < x.rows; row += row + 4 <= x.rows ? 4 : 1)
        for (std::int64_t i = begin; i < end; i += tileRows) {
            const Block block{static_cast<const std::uint8_t*>(weight.weights) + i * bytes,
                              reinterpret_cast<const float*>(encoded) +
                                  row * bytes * 2 * tableFloats,
                              bytes, static_cast<float*>(out) + row * ld + i - begin, ld};
            for (const std::int64_t firstRow : {0, 16}) {
                if (row + 4 <= x.rows)
                    lookUp<4>(block, firstRow);
                else
                    lookUp<1>(block, firstRow);
            }
        }
}

} // namespace

const LinearKernel signsFloat = {Layout::bytes32, encodedBytes, encode, sums};

} // namespace bwla::avx2

#include "kernels/cpu/avx2/target_end.h"
#endif
