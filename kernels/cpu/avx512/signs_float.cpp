// SPDX-License-Identifier: GPL-3.0-or-later
//
// Signs times float activations by table: the 16 signed sums of 4 activations fill one register,
// and one permutation looks them up for 16 rows, 64 products, that one addition adds. Three
// instructions with the shift that brings the next 4 signs down; a fused multiply-add does 16
// products.
#include "kernels/cpu/avx512/prelude.h"
#include "kernels/cpu/avx512/signs.h"

#ifdef __x86_64__
#include "kernels/cpu/avx512/target_begin.h"

namespace bwla::avx512 {
namespace {

constexpr std::int64_t tileRows = 64;
constexpr int registers = 4; ///< of 16 rows in a tile
constexpr std::int64_t groupsPerWord = 8;
constexpr std::int64_t wordFloats = groupsPerWord * 16; ///< tables of 32 columns

std::size_t encodedBytes(std::int64_t cols, int /*bits*/, int rows) {
    return static_cast<std::size_t>(rows * HostLinear::wordsPerRow(cols) * wordFloats) *
           sizeof(float);
}

/// Element n: the sum of the four activations, each positive where its bit of n is set.
__m512 signedSums(const float* x) {
    const __m512 minus = _mm512_set1_ps(-0.0F);
    const auto signedBy = [&](__mmask16 plus, float value) {
        return _mm512_mask_xor_ps(_mm512_set1_ps(value), static_cast<__mmask16>(~plus),
                                  _mm512_set1_ps(value), minus);
    };
    return (signedBy(0xaaaa, x[0]) + signedBy(0xcccc, x[1])) +
           (signedBy(0xf0f0, x[2]) + signedBy(0xff00, x[3]));
}

void encode(const Activations& x, int rowBegin, int rowEnd, std::byte* encoded) {
    const std::int64_t words = HostLinear::wordsPerRow(x.cols);
    for (int row = rowBegin; row < rowEnd; ++row) {
        float* tables = reinterpret_cast<float*>(encoded) + row * words * wordFloats;
        for (std::int64_t group = 0; group < words * groupsPerWord; ++group)
            _mm512_store_ps(tables + group * 16, signedSums(x.x + row * x.stride + group * 4));
    }
}

struct Block {
    const std::uint32_t* signs; ///< one tile
    const float* tables;        ///< C tokens, words * wordFloats apart
    std::int64_t words;
    float* sums; ///< token c at sums + c * ld
    std::int64_t ld;
};

template<int C>
void lookUp(const Block& block) {
    __m512 sum[registers][C];
    BWLA_UNROLL
    for (int r = 0; r < registers; ++r)
        BWLA_UNROLL
    for (int c = 0; c < C; ++c)
        sum[r][c] = _mm512_setzero_ps();
    for (std::int64_t w = 0; w < block.words; ++w) {
        __m512i signs[registers];
        BWLA_UNROLL
        for (int r = 0; r < registers; ++r)
            signs[r] = _mm512_load_si512(block.signs + w * tileRows + r * 16);
        for (std::int64_t group = 0; group < groupsPerWord; ++group) {
            BWLA_UNROLL
            for (int c = 0; c < C; ++c) {
                const __m512 table =
                    _mm512_load_ps(block.tables + (c * block.words + w) * wordFloats + group * 16);
                BWLA_UNROLL
                for (int r = 0; r < registers; ++r) // the permutation reads the low 4 bits only
                    sum[r][c] += _mm512_permutexvar_ps(signs[r], table);
            }
            BWLA_UNROLL
            for (int r = 0; r < registers; ++r)
                signs[r] = _mm512_srli_epi32(signs[r], 4);
        }
    }
    BWLA_UNROLL
    for (int r = 0; r < registers; ++r)
        BWLA_UNROLL
    for (int c = 0; c < C; ++c)
        _mm512_storeu_ps(block.sums + c * block.ld + r * 16, sum[r][c]);
}

void sums(const PackedLinear& weight, const Activations& x, const std::byte* encoded,
          std::int64_t begin, std::int64_t end, void* out, std::int64_t ld) {
    const std::int64_t words = weight.stride;
    for (int row = 0, count = 0; row < x.rows; row += count) {
        count = x.rows - row >= 4 ? 4 : x.rows - row >= 2 ? 2 : 1;
        for (std::int64_t i = begin; i < end; i += tileRows) {
            const Block block{static_cast<const std::uint32_t*>(weight.weights) + i * words,
                              reinterpret_cast<const float*>(encoded) + row * words * wordFloats,
                              words, static_cast<float*>(out) + row * ld + i - begin, ld};
            if (count == 4)
                lookUp<4>(block);
            else if (count == 2)
                lookUp<2>(block);
            else
                lookUp<1>(block);
        }
    }
}

} // namespace

const LinearKernel signsFloat = {Layout::words64, encodedBytes, encode, sums};

} // namespace bwla::avx512

#include "kernels/cpu/avx512/target_end.h"
#endif
