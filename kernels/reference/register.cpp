// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/reference/reference_kernels.h"
#include "kernels/registry.h"

namespace bwla {

std::span<const Kernel> referenceKernels() {
    using namespace reference;
    using enum KernelVerb;
    constexpr auto level = CpuLevel::reference;
    static const std::vector<Kernel> kernels = {
        {normalize, WeightKind::f32, level, "normalize", NormalizeKernel{reference::normalize}},
        {rotate, WeightKind::f32, level, "rotate", RotateKernel{reference::rotate}},
        {quantize, WeightKind::f32, level, "quantize", QuantizeKernel{reference::quantize}},
        {projectQuantized, WeightKind::f32, level, "project-quantized",
         ProjectQuantizedKernel{reference::projectQuantized}},
        {projectFloat, WeightKind::f32, level, "project-float",
         ProjectFloatKernel{reference::projectFloat}},
        {linearFloat, WeightKind::f32, level, "linear-f32", linearF32},
        {linearFloat, WeightKind::f16, level, "linear-f16", linearF16},
        {linearFloat, WeightKind::rowInt8, level, "linear-int8", linearRowInt8},
        {linearFloat, WeightKind::binary, level, "linear-sign", linearBinaryFloat},
        {linearQuantized, WeightKind::binary, level, "linear-sign-quantized",
         linearBinaryQuantized},
        {finishFloat, WeightKind::f32, level, "finish-float",
         FinishFloatKernel{reference::finishFloat}},
        {finishQuantized, WeightKind::f32, level, "finish-quantized",
         FinishQuantizedKernel{reference::finishQuantized}},
        {gate, WeightKind::f32, level, "gate", GateKernel{reference::gate}},
        {store, WeightKind::f32, level, "store-f32", StoreKernel{storeF32}},
        {store, WeightKind::f16, level, "store-f16", StoreKernel{storeF16}},
        {store, WeightKind::rowInt8, level, "store-int8", StoreKernel{storeInt8}},
        {widen, WeightKind::f32, level, "widen-f32", WidenKernel{widenF32}},
        {widen, WeightKind::f16, level, "widen-f16", WidenKernel{widenF16}},
        {widen, WeightKind::rowInt8, level, "widen-int8", WidenKernel{widenInt8}},
        {attend, WeightKind::f32, level, "attend-f32", AttendKernel{attendF32}},
        {attend, WeightKind::f16, level, "attend-f16", AttendKernel{attendF16}},
        {attend, WeightKind::rowInt8, level, "attend-int8", AttendKernel{attendInt8}},
    };
    return kernels;
}

} // namespace bwla
