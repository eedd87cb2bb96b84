// SPDX-License-Identifier: GPL-3.0-or-later
#ifdef __x86_64__
#include "kernels/cpu/avx2/algorithms.h"
#include "kernels/cpu/avx2/signs.h"
#include "kernels/cpu/avx2/target_begin.h"

namespace bwla::avx2 {
namespace {

/// Two products of a word of q and a word of b a lane and instruction: bytes times bytes would
/// saturate.
void projectQuantized(const std::int8_t* b, std::int64_t rank, std::int64_t stride,
                      const std::uint8_t* q, std::int32_t* out) {
    for (std::int64_t k = 0; k < rank; ++k) {
        __m256i sum = _mm256_setzero_si256();
        for (std::int64_t j = 0; j < stride; j += 16) {
            const __m256i levels =
                _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(q + j)));
            const __m256i weights = _mm256_cvtepi8_epi16(
                _mm_loadu_si128(reinterpret_cast<const __m128i*>(b + k * stride + j)));
            sum = _mm256_add_epi32(sum, _mm256_madd_epi16(levels, weights));
        }
        alignas(32) std::int32_t lanes[8];
        _mm256_store_si256(reinterpret_cast<__m256i*>(lanes), sum);
        out[k] = std::accumulate(lanes, lanes + 8, 0);
    }
}

} // namespace
} // namespace bwla::avx2

#include "kernels/cpu/avx2/target_end.h"
#else
#include "kernels/registry.h"
#endif

namespace bwla {

std::span<const Kernel> avx2Kernels() {
#ifdef __x86_64__
    using V = avx2::Floats;
    using enum KernelVerb;
    using enum WeightKind;
    constexpr auto level = CpuLevel::avx2;
    static const std::vector<Kernel> kernels = {
        {normalize, f32, level, "normalize", NormalizeKernel{simd::normalize<V>}},
        {rotate, f32, level, "rotate", RotateKernel{simd::rotate<V>}},
        {quantize, f32, level, "quantize", QuantizeKernel{simd::quantize<V>}},
        {projectQuantized, f32, level, "project-madd",
         ProjectQuantizedKernel{avx2::projectQuantized}},
        {projectFloat, f32, level, "project-float", ProjectFloatKernel{simd::projectFloat<V>}},
        {linearFloat, f32, level, "dense-f32", simd::denseKernel<V, float>()},
        {linearFloat, f16, level, "dense-f16", simd::denseKernel<V, std::uint16_t>()},
        {linearFloat, rowInt8, level, "dense-int8", simd::denseKernel<V, std::int8_t>()},
        {linearFloat, binary, level, "signs-table-float", avx2::signsFloat},
        {linearQuantized, binary, level, "signs-pshufb", avx2::signsQuantized},
        {finishFloat, f32, level, "finish-float", FinishFloatKernel{simd::finishFloat<V>}},
        {finishQuantized, f32, level, "finish-quantized",
         FinishQuantizedKernel{simd::finishQuantized<V>}},
        {gate, f32, level, "gate", GateKernel{simd::gate<V>}},
        {store, f16, level, "store-f16", StoreKernel{simd::storeHalves<V>}},
        {widen, f16, level, "widen-f16", WidenKernel{simd::widen<V, std::uint16_t>}},
        {widen, rowInt8, level, "widen-int8", WidenKernel{simd::widen<V, std::int8_t>}},
        {attend, f16, level, "attend-f16", AttendKernel{simd::attend<V, std::uint16_t>}},
        {attend, rowInt8, level, "attend-int8", AttendKernel{simd::attend<V, std::int8_t>}},
    };
    return kernels;
#else
    return {};
#endif
}

} // namespace bwla
