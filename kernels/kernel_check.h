// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "kernels/registry.h"

#include <string>

namespace bwla {

/// Sizes of a check; a verb reads those it has.
struct CheckShape {
    std::int64_t rows = 96;  ///< weight rows; positions in the cache for attend
    std::int64_t cols = 576; ///< inputs; any number
    int tokens = 1;
    int bits = 6; ///< of a quantized input
    std::uint32_t seed = 1;
};

struct KernelCheck {
    std::string kernel;
    std::string level;
    bool ok = false;
    double maxError = 0; ///< floats: largest difference over the twin's largest value; integers:
                         ///< largest difference
    std::string detail;  ///< what was wrong, empty where ok
};

/// Runs a kernel and its scalar twin on the same random operands. Integers and stored halves must
/// be equal, floats within 1e-5 of the twin's largest value; nothing may be written outside the
/// output. The processor must be able to run the kernel.
[[nodiscard]] KernelCheck checkKernel(const Kernel& kernel, const CheckShape& shape);

} // namespace bwla
