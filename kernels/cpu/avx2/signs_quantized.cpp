// SPDX-License-Identifier: GPL-3.0-or-later
//
// Signs times quantized activations by table: the 16 possible sums of 4 activations are bytes
// (4 * 63 = 252), and one byte shuffle looks one up for each of 32 rows, 128 products. Layout
// bytes32 puts a byte of 32 rows into one register: its low halves index columns 8j .. 8j + 3, the
// high halves the next four.
//
// Sums grow in 16 bits, for the even and the odd row of a pair at once: whole = sum of (even + 256
// odd) modulo 2^16 and odd = sum of odd, from which even = whole - 256 odd. 16 bits hold 65535 /
// 252 = 260 lookups, so every 128 bytes of columns go to 32 bits.
//
// Activations of 7 and 8 bits take two tables, of their low and high 4 bits.
#include "kernels/cpu/avx2/prelude.h"
#include "kernels/cpu/avx2/signs.h"

#ifdef __x86_64__
#include "kernels/cpu/avx2/target_begin.h"

namespace bwla::avx2 {
namespace {

constexpr std::int64_t tileRows = 32;
constexpr std::int64_t byteTables = 32; ///< bytes of tables for one byte of signs: two groups
constexpr std::int64_t bytesBeforeWidening = 128;

int planes(int bits) {
    return bits <= 6 ? 1 : 2;
}

std::int64_t bytesPerRow(std::int64_t cols) {
    return HostLinear::wordsPerRow(cols) * 4;
}

std::size_t encodedBytes(std::int64_t cols, int bits, int rows) {
    return static_cast<std::size_t>(rows * planes(bits) * bytesPerRow(cols) * byteTables);
}

/// The tables of 8 activations: byte n of half h is the sum of those of group h at the bits of n.
__m256i groupTables(__m256i q) {
    const __m256i groups = _mm256_setr_m128i(_mm_setzero_si128(), _mm_set1_epi8(4));
    const __m256i lane = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
    __m256i table = _mm256_setzero_si256();
    for (int i = 0; i < 4; ++i) {
        const __m256i bit = _mm256_set1_epi8(static_cast<char>(1 << i));
        const __m256i isSet = _mm256_cmpeq_epi8(_mm256_and_si256(lane, bit), bit);
        const __m256i pick = _mm256_add_epi8(groups, _mm256_set1_epi8(static_cast<char>(i)));
        table = _mm256_add_epi8(table, _mm256_and_si256(isSet, _mm256_shuffle_epi8(q, pick)));
    }
    return table;
}

void encodePlane(const std::uint8_t* q, std::int64_t bytes, int shift, std::uint8_t mask,
                 std::byte* tables) {
    for (std::int64_t j = 0; j < bytes; ++j) {
        std::uint64_t eight = 0;
        std::memcpy(&eight, q + j * 8, sizeof eight);
        eight = eight >> shift & mask * 0x0101010101010101ULL;
        const __m256i values = _mm256_set1_epi64x(static_cast<long long>(eight));
        _mm256_store_si256(reinterpret_cast<__m256i*>(tables + j * byteTables),
                           groupTables(values));
    }
}

void encode(const Activations& x, int rowBegin, int rowEnd, std::byte* encoded) {
    const std::int64_t bytes = bytesPerRow(x.cols);
    const int count = planes(x.bits);
    for (int row = rowBegin; row < rowEnd; ++row) {
        std::byte* tables = encoded + row * count * bytes * byteTables;
        const std::uint8_t* q = x.q + row * x.stride;
        if (count == 1) {
            encodePlane(q, bytes, 0, 0xff, tables);
            continue;
        }
        encodePlane(q, bytes, 4, 0x0f, tables); // high bits first: they are scaled on the way
        encodePlane(q, bytes, 0, 0x0f, tables + bytes * byteTables);
    }
}

/// Sums of one tile and one token.
struct Sums {
    __m256i whole, odd;
    __m256i rows[4]; ///< even low, even high, odd low, odd high half

    Sums() { // written out: an implicit one would be compiled for the baseline
        whole = odd = _mm256_setzero_si256();
        for (__m256i& part : rows)
            part = _mm256_setzero_si256();
    }
    void add(__m256i bytes) {
        whole = _mm256_add_epi16(whole, bytes);
        odd = _mm256_add_epi16(odd, _mm256_srli_epi16(bytes, 8));
    }
    void widen() {
        const __m256i even = _mm256_sub_epi16(whole, _mm256_slli_epi16(odd, 8));
        const __m256i zero = _mm256_setzero_si256();
        rows[0] = _mm256_add_epi32(rows[0], _mm256_unpacklo_epi16(even, zero));
        rows[1] = _mm256_add_epi32(rows[1], _mm256_unpackhi_epi16(even, zero));
        rows[2] = _mm256_add_epi32(rows[2], _mm256_unpacklo_epi16(odd, zero));
        rows[3] = _mm256_add_epi32(rows[3], _mm256_unpackhi_epi16(odd, zero));
        whole = odd = zero;
    }
    void scaleBy16() {
        for (__m256i& part : rows)
            part = _mm256_slli_epi32(part, 4);
    }
    void store(std::int32_t* to) const {
        // Within a half register rows alternate even, odd; halves hold rows 0 .. 15 and 16 .. 31.
        const __m256i parts[4] = {
            _mm256_unpacklo_epi32(rows[0], rows[2]), _mm256_unpackhi_epi32(rows[0], rows[2]),
            _mm256_unpacklo_epi32(rows[1], rows[3]), _mm256_unpackhi_epi32(rows[1], rows[3])};
        for (int i = 0; i < 4; ++i) {
            _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 4 * i),
                             _mm256_castsi256_si128(parts[i]));
            _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 16 + 4 * i),
                             _mm256_extracti128_si256(parts[i], 1));
        }
    }
};

struct Block {
    const std::uint8_t* signs; ///< one tile
    const std::byte* tables;   ///< C tokens, `token` bytes apart
    std::int64_t token;
    std::int64_t bytes;
    int planes;
    std::int32_t* sums; ///< token c at sums + c * ld
    std::int64_t ld;
};

template<int C>
void lookUpBytes(const Block& block, const std::byte* tables, std::int64_t begin, std::int64_t end,
                 Sums (&sum)[C]) {
    const __m256i nibble = _mm256_set1_epi8(15);
    for (std::int64_t j = begin; j < end; ++j) {
        const __m256i signs =
            _mm256_load_si256(reinterpret_cast<const __m256i*>(block.signs + j * tileRows));
        const __m256i low = _mm256_and_si256(signs, nibble);
        const __m256i high = _mm256_and_si256(_mm256_srli_epi16(signs, 4), nibble);
        BWLA_UNROLL
        for (int c = 0; c < C; ++c) {
            const auto* table =
                reinterpret_cast<const __m128i*>(tables + c * block.token + j * byteTables);
            sum[c].add(
                _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_load_si128(table)), low));
            sum[c].add(
                _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_load_si128(table + 1)), high));
        }
    }
    BWLA_UNROLL
    for (int c = 0; c < C; ++c)
        sum[c].widen();
}

/// One tile of 32 rows x C tokens.
template<int C>
void lookUp(const Block& block) {
    Sums sum[C];
    for (int plane = 0; plane < block.planes; ++plane) {
        BWLA_UNROLL
        for (int c = 0; c < C; ++c)
            sum[c].scaleBy16();
        const std::byte* tables = block.tables + plane * block.bytes * byteTables;
        for (std::int64_t j = 0; j < block.bytes; j += bytesBeforeWidening)
            lookUpBytes<C>(block, tables, j, std::min(block.bytes, j + bytesBeforeWidening), sum);
    }
    BWLA_UNROLL
    for (int c = 0; c < C; ++c)
        sum[c].store(block.sums + c * block.ld);
}

void sums(const PackedLinear& weight, const Activations& x, const std::byte* encoded,
          std::int64_t begin, std::int64_t end, void* out, std::int64_t ld) {
    Block block;
    block.bytes = weight.stride * 4;
    block.planes = planes(x.bits);
    block.token = block.planes * block.bytes * byteTables;
    block.ld = ld;
    for (int row = 0; row < x.rows; row += row + 2 <= x.rows ? 2 : 1)
        for (std::int64_t i = begin; i < end; i += tileRows) {
            block.signs = static_cast<const std::uint8_t*>(weight.weights) + i * block.bytes;
            block.tables = encoded + row * block.token;
            block.sums = static_cast<std::int32_t*>(out) + row * ld + i - begin;
            if (row + 2 <= x.rows)
                lookUp<2>(block);
            else
                lookUp<1>(block);
        }
}

} // namespace

const LinearKernel signsQuantized = {Layout::bytes32, encodedBytes, encode, sums};

} // namespace bwla::avx2

#include "kernels/cpu/avx2/target_end.h"
#endif
