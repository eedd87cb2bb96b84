// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/selftest.h"

#include <array>

namespace bwla {
namespace {

constexpr std::array<CheckShape, 4> shapes = {{
    {.rows = 77, .cols = 575, .tokens = 1, .bits = 6, .seed = 1},
    {.rows = 192, .cols = 1536, .tokens = 1, .bits = 4, .seed = 2},
    {.rows = 99, .cols = 333, .tokens = 35, .bits = 8, .seed = 3},
    {.rows = 192, .cols = 576, .tokens = 128, .bits = 6, .seed = 4},
}};

} // namespace

std::vector<KernelCheck> selftest() {
    const CpuFeatures features = detectCpuFeatures();
    std::vector<KernelCheck> checks;
    for (const Kernel& kernel : allKernels()) {
        if (kernel.level == CpuLevel::reference || !canRun(kernel, features))
            continue;
        KernelCheck worst;
        for (const CheckShape& shape : shapes) {
            KernelCheck check = checkKernel(kernel, shape);
            if (worst.kernel.empty() || (worst.ok && !check.ok) ||
                (worst.ok == check.ok && check.maxError > worst.maxError))
                worst = std::move(check);
        }
        checks.push_back(std::move(worst));
    }
    return checks;
}

} // namespace bwla
