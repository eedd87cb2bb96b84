// SPDX-License-Identifier: GPL-3.0-or-later
// 16 floats a register, for the algorithms of cpu/simd. Include inside a target region.
#pragma once

namespace bwla::avx512 {

struct Floats {
    using Reg = __m512;
    static constexpr int width = 16;
    /// Registers a tile product may give to columns: 6 rows x 4 leave 8 of 32 free.
    static constexpr int tileVectors = 4;

    static Reg zero() { return _mm512_setzero_ps(); }
    static Reg set(float value) { return _mm512_set1_ps(value); }
    static Reg load(const float* from) { return _mm512_loadu_ps(from); }
    static Reg load(const std::uint16_t* from) {
        return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
    }
    static Reg load(const std::int8_t* from) {
        return _mm512_cvtepi32_ps(
            _mm512_cvtepi8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
    }
    /// 2 * sums - sumQ - zero * signSums, in integers.
    static Reg combine(const std::int32_t* sums, const std::int32_t* signSums, std::int32_t sumQ,
                       std::int32_t zero) {
        const auto twice = _mm512_slli_epi32(_mm512_loadu_si512(sums), 1);
        const auto shift =
            _mm512_mullo_epi32(_mm512_loadu_si512(signSums), _mm512_set1_epi32(zero));
        return _mm512_cvtepi32_ps(
            _mm512_sub_epi32(_mm512_sub_epi32(twice, _mm512_set1_epi32(sumQ)), shift));
    }
    /// The first `count` (0 .. width) elements, zeros behind them.
    static Reg load(const float* from, int count) {
        return _mm512_maskz_loadu_ps(mask(count), from);
    }
    static void store(float* to, Reg value) { _mm512_storeu_ps(to, value); }
    static void store(float* to, Reg value, int count) {
        _mm512_mask_storeu_ps(to, mask(count), value);
    }
    static void storeHalf(std::uint16_t* to, Reg value) {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to),
                            _mm512_cvtps_ph(value, _MM_FROUND_TO_NEAREST_INT));
    }
    /// a * b + c
    static Reg fma(Reg a, Reg b, Reg c) { return _mm512_fmadd_ps(a, b, c); }
    /// Where a or b is NaN: b.
    static Reg min(Reg a, Reg b) { return _mm512_min_ps(a, b); }
    static Reg max(Reg a, Reg b) { return _mm512_max_ps(a, b); }
    /// To the nearest integer, ties to even.
    static Reg round(Reg value) { return _mm512_roundscale_ps(value, _MM_FROUND_TO_NEAREST_INT); }
    /// value * 2^n for integral n in [-126, 127].
    static Reg scale2(Reg value, Reg n) { return _mm512_scalef_ps(value, n); }
    static float sum(Reg value) { return _mm512_reduce_add_ps(value); }
    static float least(Reg value) { return _mm512_reduce_min_ps(value); }
    static float most(Reg value) { return _mm512_reduce_max_ps(value); }
    /// Lane i = sum of rows[i].
    static Reg sums(const Reg* rows) {
        Reg four[4]; // lane l of four[i]: of rows 4i .. 4i + 3, the sums over quarter l
        for (int i = 0; i < 4; ++i) {
            const Reg* r = rows + 4 * i;
            const __m512d a = _mm512_castps_pd(interleavedSum(r[0], r[1]));
            const __m512d b = _mm512_castps_pd(interleavedSum(r[2], r[3]));
            four[i] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, b)) +
                      _mm512_castpd_ps(_mm512_unpackhi_pd(a, b));
        }
        return quarterSums(quarterSums(four[0], four[1]), quarterSums(four[2], four[3]));
    }
    /// Integers 0 .. 255 as bytes.
    static void storeBytes(std::uint8_t* to, Reg value) {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to),
                         _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(value)));
    }

private:
    static Reg interleavedSum(Reg a, Reg b) {
        return _mm512_unpacklo_ps(a, b) + _mm512_unpackhi_ps(a, b);
    }
    /// Quarters (a0 + a1, a2 + a3, b0 + b1, b2 + b3).
    static Reg quarterSums(Reg a, Reg b) {
        return _mm512_shuffle_f32x4(a, b, 0x88) + _mm512_shuffle_f32x4(a, b, 0xdd);
    }
    static __mmask16 mask(int count) { return static_cast<__mmask16>((1U << count) - 1U); }
};

} // namespace bwla::avx512
