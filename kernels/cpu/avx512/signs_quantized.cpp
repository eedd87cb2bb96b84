// SPDX-License-Identifier: GPL-3.0-or-later
//
// Signs times quantized activations by table: the 16 possible sums of 4 activations are bytes
// (4 * 63 = 252), so one byte permutation with a 64-byte table looks up 4 column groups of 16 rows,
// 256 products, and one dot product with ones adds the four bytes of a row to its int32 sum. Layout
// words64 fills four registers with the sign words of 64 rows: nothing is ever summed across a
// register, and a tile is one stream of memory.
//
// Activations of 7 and 8 bits take two tables, of their low and high 4 bits.
//
// Instructions for 512 signs and one token: load, shift, 2 selects, 2 permutes, 2 dot products; AND +
// VPOPCNTDQ over six planes needs 18. Measured on a Zen 4 EPYC, 4096 x 14336, hot: 75 us on 2 cores
// for one token (the popcount sketch 201), 3.5 ms for 64, which is 1.07 T products a second.
#include "kernels/cpu/avx512/prelude.h"
#include "kernels/cpu/avx512/signs.h"

#ifdef __x86_64__
#include "kernels/cpu/avx512/target_begin.h"

namespace bwla::avx512 {
namespace {

constexpr std::int64_t tileRows = 64;
constexpr int registers = 4; ///< of 16 rows in a tile
constexpr std::int64_t prefetchWords = 32;
constexpr std::int64_t wordBytes = 128; ///< tables of 32 columns: even groups, then odd ones

int planes(int bits) {
    return bits <= 6 ? 1 : 2;
}

std::size_t encodedBytes(std::int64_t cols, int bits, int rows) {
    return static_cast<std::size_t>(rows * planes(bits) * HostLinear::wordsPerRow(cols) *
                                    wordBytes);
}

/// Tables of the 4 groups whose activations `pick` selects from 32 of them: byte n of quarter b is
/// the sum of the activations of group b at the set bits of n.
__m512i groupTables(__m512i q, __m512i pick) {
    // Bit i of lane number n, for n = 0 .. 15 in every quarter.
    constexpr std::uint64_t quarters = 0x0001000100010001ULL;
    __m512i table = _mm512_maskz_permutexvar_epi8(0xaaaa * quarters, pick, q);
    const __m512i next = _mm512_set1_epi8(1);
    pick = _mm512_add_epi8(pick, next);
    table = _mm512_add_epi8(table, _mm512_maskz_permutexvar_epi8(0xcccc * quarters, pick, q));
    pick = _mm512_add_epi8(pick, next);
    table = _mm512_add_epi8(table, _mm512_maskz_permutexvar_epi8(0xf0f0 * quarters, pick, q));
    pick = _mm512_add_epi8(pick, next);
    return _mm512_add_epi8(table, _mm512_maskz_permutexvar_epi8(0xff00 * quarters, pick, q));
}

void encodePlane(const std::uint8_t* q, std::int64_t words, int shift, std::uint8_t mask,
                 std::byte* tables) {
    // First activation of the group of each quarter: byte b of a sign word is columns 8b .. 8b + 7.
    const __m512i even = _mm512_broadcast_i32x4(_mm_setzero_si128());
    const __m512i firsts = _mm512_inserti32x4(
        _mm512_inserti32x4(_mm512_inserti32x4(even, _mm_set1_epi8(8), 1), _mm_set1_epi8(16), 2),
        _mm_set1_epi8(24), 3);
    for (std::int64_t w = 0; w < words; ++w) {
        const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(q + w * 32));
        const __m256i plane = _mm256_and_si256(_mm256_srl_epi16(bytes, _mm_cvtsi32_si128(shift)),
                                               _mm256_set1_epi8(static_cast<char>(mask)));
        const __m512i values = _mm512_castsi256_si512(plane);
        _mm512_store_si512(tables + w * wordBytes, groupTables(values, firsts));
        _mm512_store_si512(tables + w * wordBytes + 64,
                           groupTables(values, _mm512_add_epi8(firsts, _mm512_set1_epi8(4))));
    }
}

void encode(const Activations& x, int rowBegin, int rowEnd, std::byte* encoded) {
    const std::int64_t words = HostLinear::wordsPerRow(x.cols);
    const int count = planes(x.bits);
    for (int row = rowBegin; row < rowEnd; ++row) {
        std::byte* tables = encoded + row * count * words * wordBytes;
        const std::uint8_t* q = x.q + row * x.stride;
        if (count == 1) {
            encodePlane(q, words, 0, 0xff, tables);
            continue;
        }
        encodePlane(q, words, 4, 0x0f, tables); // high bits first: they are scaled on the way
        encodePlane(q, words, 0, 0x0f, tables + words * wordBytes);
    }
}

struct Block {
    const std::uint32_t* signs; ///< one tile
    const std::byte* tables;    ///< C tokens, `token` bytes apart, planes * words tables each
    std::int64_t token;
    std::int64_t words;
    int planes;
    std::int32_t* sums; ///< token c at sums + c * ld
    std::int64_t ld;
};

/// One plane of C tokens, added to `sum`.
template<int C>
void lookUpPlane(const Block& block, const std::byte* tables, __m512i (&sum)[registers][C]) {
    const __m512i ones = _mm512_set1_epi8(1);
    const __m512i nibble = _mm512_set1_epi8(15);
    const __m512i quarter = _mm512_set1_epi32(0x30201000); // byte b looks into quarter b
    constexpr int andOr = 0xea;                            // (a & b) | c
    for (std::int64_t w = 0; w < block.words; ++w) {
        const std::uint32_t* words = block.signs + w * tileRows;
        __m512i low[registers];
        __m512i high[registers];
        BWLA_UNROLL
        for (int r = 0; r < registers; ++r) {
            _mm_prefetch(words + prefetchWords * tileRows + r * 16, _MM_HINT_T0);
            const __m512i signs = _mm512_load_si512(words + r * 16);
            low[r] = _mm512_ternarylogic_epi32(signs, nibble, quarter, andOr);
            high[r] =
                _mm512_ternarylogic_epi32(_mm512_srli_epi32(signs, 4), nibble, quarter, andOr);
        }
        BWLA_UNROLL
        for (int c = 0; c < C; ++c) {
            const std::byte* table = tables + c * block.token + w * wordBytes;
            const __m512i even = _mm512_load_si512(table);
            const __m512i odd = _mm512_load_si512(table + 64);
            BWLA_UNROLL
            for (int r = 0; r < registers; ++r) {
                sum[r][c] =
                    _mm512_dpbusd_epi32(sum[r][c], _mm512_permutexvar_epi8(low[r], even), ones);
                sum[r][c] =
                    _mm512_dpbusd_epi32(sum[r][c], _mm512_permutexvar_epi8(high[r], odd), ones);
            }
        }
    }
}

template<int C>
void lookUp(const Block& block) {
    __m512i sum[registers][C];
    BWLA_UNROLL
    for (int r = 0; r < registers; ++r)
        BWLA_UNROLL
    for (int c = 0; c < C; ++c)
        sum[r][c] = _mm512_setzero_si512();
    lookUpPlane<C>(block, block.tables, sum);
    if (block.planes == 2) {
        BWLA_UNROLL
        for (int r = 0; r < registers; ++r)
            BWLA_UNROLL
        for (int c = 0; c < C; ++c)
            sum[r][c] = _mm512_slli_epi32(sum[r][c], 4);
        lookUpPlane<C>(block, block.tables + block.words * wordBytes, sum);
    }
    BWLA_UNROLL
    for (int r = 0; r < registers; ++r)
        BWLA_UNROLL
    for (int c = 0; c < C; ++c)
        _mm512_storeu_si512(block.sums + c * block.ld + r * 16, sum[r][c]);
}

void sums(const PackedLinear& weight, const Activations& x, const std::byte* encoded,
          std::int64_t begin, std::int64_t end, void* out, std::int64_t ld) {
    Block block;
    block.words = weight.stride;
    block.planes = planes(x.bits);
    block.token = block.planes * block.words * wordBytes;
    block.ld = ld;
    for (int row = 0, count = 0; row < x.rows; row += count) {
        count = x.rows - row >= 4 ? 4 : x.rows - row >= 2 ? 2 : 1;
        block.tables = encoded + row * block.token;
        for (std::int64_t i = begin; i < end; i += tileRows) {
            block.signs = static_cast<const std::uint32_t*>(weight.weights) + i * block.words;
            block.sums = static_cast<std::int32_t*>(out) + row * ld + i - begin;
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

const LinearKernel signsQuantized = {Layout::words64, encodedBytes, encode, sums};

} // namespace bwla::avx512

#include "kernels/cpu/avx512/target_end.h"
#endif
