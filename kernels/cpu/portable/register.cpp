// SPDX-License-Identifier: GPL-3.0-or-later
//
// For everything else the scalar twins serve: compilers vectorise them for the baseline.
#include "kernels/cpu/portable/signs.h"
#include "kernels/registry.h"

namespace bwla {

std::span<const Kernel> portableKernels() {
    constexpr auto level = CpuLevel::portable;
    static const std::vector<Kernel> kernels = {
        {KernelVerb::linearFloat, WeightKind::binary, level, "signs-table-float",
         portable::signsFloat},
        {KernelVerb::linearQuantized, WeightKind::binary, level, "signs-table",
         portable::signsQuantized},
    };
    return kernels;
}

} // namespace bwla
