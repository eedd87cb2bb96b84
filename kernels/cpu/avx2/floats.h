// SPDX-License-Identifier: GPL-3.0-or-later
// 8 floats a register, for the algorithms of cpu/simd. Include inside a target region.
#pragma once

namespace bwla::avx2 {

struct Floats {
    using Reg = __m256;
    static constexpr int width = 8;
    /// Registers a tile product may give to columns: 6 rows x 2 leave 4 of 16 free.
    static constexpr int tileVectors = 2;

    static Reg zero() { return _mm256_setzero_ps(); }
    static Reg set(float value) { return _mm256_set1_ps(value); }
    static Reg load(const float* from) { return _mm256_loadu_ps(from); }
    static Reg load(const std::uint16_t* from) {
        return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
    }
    static Reg load(const std::int8_t* from) {
        return _mm256_cvtepi32_ps(
            _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from))));
    }
    /// 2 * sums - sumQ - zero * signSums, in integers.
    static Reg combine(const std::int32_t* sums, const std::int32_t* signSums, std::int32_t sumQ,
                       std::int32_t zero) {
        const auto twice =
            _mm256_slli_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(sums)), 1);
        const auto shift =
            _mm256_mullo_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(signSums)),
                               _mm256_set1_epi32(zero));
        return _mm256_cvtepi32_ps(
            _mm256_sub_epi32(_mm256_sub_epi32(twice, _mm256_set1_epi32(sumQ)), shift));
    }
    /// The first `count` (0 .. width) elements, zeros behind them.
    static Reg load(const float* from, int count) { return _mm256_maskload_ps(from, mask(count)); }
    static void store(float* to, Reg value) { _mm256_storeu_ps(to, value); }
    static void store(float* to, Reg value, int count) {
        _mm256_maskstore_ps(to, mask(count), value);
    }
    static void storeHalf(std::uint16_t* to, Reg value) {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to),
                         _mm256_cvtps_ph(value, _MM_FROUND_TO_NEAREST_INT));
    }
    /// a * b + c
    static Reg fma(Reg a, Reg b, Reg c) { return _mm256_fmadd_ps(a, b, c); }
    /// Where a or b is NaN: b.
    static Reg min(Reg a, Reg b) { return _mm256_min_ps(a, b); }
    static Reg max(Reg a, Reg b) { return _mm256_max_ps(a, b); }
    /// To the nearest integer, ties to even.
    static Reg round(Reg value) { return _mm256_round_ps(value, _MM_FROUND_TO_NEAREST_INT); }
    /// value * 2^n for integral n in [-126, 127].
    static Reg scale2(Reg value, Reg n) {
        const __m256i exponent =
            _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
        return _mm256_mul_ps(value, _mm256_castsi256_ps(exponent));
    }
    static float sum(Reg value) {
        return fold(value, [](__m128 a, __m128 b) { return _mm_add_ps(a, b); });
    }
    static float least(Reg value) {
        return fold(value, [](__m128 a, __m128 b) { return _mm_min_ps(a, b); });
    }
    static float most(Reg value) {
        return fold(value, [](__m128 a, __m128 b) { return _mm_max_ps(a, b); });
    }
    /// Lane i = sum of rows[i].
    static Reg sums(const Reg* rows) {
        Reg four[2]; // half l of four[i]: of rows 4i .. 4i + 3, the sums over half l
        for (int i = 0; i < 2; ++i) {
            const Reg* r = rows + 4 * i;
            four[i] = _mm256_hadd_ps(_mm256_hadd_ps(r[0], r[1]), _mm256_hadd_ps(r[2], r[3]));
        }
        return _mm256_permute2f128_ps(four[0], four[1], 0x20) +
               _mm256_permute2f128_ps(four[0], four[1], 0x31);
    }
    /// Integers 0 .. 255 as bytes.
    static void storeBytes(std::uint8_t* to, Reg value) {
        const __m256i integers = _mm256_cvtps_epi32(value);
        const __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(integers),
                                               _mm256_extracti128_si256(integers, 1));
        _mm_storel_epi64(reinterpret_cast<__m128i*>(to), _mm_packus_epi16(words, words));
    }

private:
    static __m256i mask(int count) {
        const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
        return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), lane);
    }
    template<class Fold>
    static float fold(Reg value, Fold&& two) {
        __m128 half = two(_mm256_castps256_ps128(value), _mm256_extractf128_ps(value, 1));
        half = two(half, _mm_movehl_ps(half, half));
        half = two(half, _mm_shuffle_ps(half, half, 1));
        return _mm_cvtss_f32(half);
    }
};

} // namespace bwla::avx2
