// SPDX-License-Identifier: GPL-3.0-or-later
#ifdef __x86_64__
#include "kernels/cpu/avx512/algorithms.h"
#include "kernels/cpu/avx512/signs.h"
#include "kernels/cpu/avx512/target_begin.h"

namespace bwla::avx512 {
namespace {

/// Four products of a byte of q and a byte of b a lane and instruction.
void projectQuantized(const std::int8_t* b, std::int64_t rank, std::int64_t stride,
                      const std::uint8_t* q, std::int32_t* out) {
    for (std::int64_t k = 0; k < rank; ++k) {
        __m512i sum = _mm512_setzero_si512();
        for (std::int64_t j = 0; j < stride; j += 64)
            sum = _mm512_dpbusd_epi32(sum, _mm512_load_si512(q + j),
                                      _mm512_load_si512(b + k * stride + j));
        out[k] = _mm512_reduce_add_epi32(sum);
    }
}

} // namespace
} // namespace bwla::avx512

#include "kernels/cpu/avx512/target_end.h"
#else
#include "kernels/registry.h"
#endif

namespace bwla {

std::span<const Kernel> avx512Kernels() {
#ifdef __x86_64__
    using V = avx512::Floats;
    using enum KernelVerb;
    using enum WeightKind;
    constexpr auto level = CpuLevel::avx512;
    static const std::vector<Kernel> kernels = {
        {normalize, f32, level, "normalize", NormalizeKernel{simd::normalize<V>}},
        {rotate, f32, level, "rotate", RotateKernel{simd::rotate<V>}},
        {quantize, f32, level, "quantize", QuantizeKernel{simd::quantize<V>}},
        {projectQuantized, f32, level, "project-vnni",
         ProjectQuantizedKernel{avx512::projectQuantized}},
        {projectFloat, f32, level, "project-float", ProjectFloatKernel{simd::projectFloat<V>}},
        {linearFloat, f32, level, "dense-f32", simd::denseKernel<V, float>()},
        {linearFloat, f16, level, "dense-f16", simd::denseKernel<V, std::uint16_t>()},
        {linearFloat, rowInt8, level, "dense-int8", simd::denseKernel<V, std::int8_t>()},
        {linearFloat, binary, level, "signs-vpermps", avx512::signsFloat},
        {linearQuantized, binary, level, "signs-vpermb", avx512::signsQuantized},
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
