// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "kernels/kernel_check.h"

#include <vector>

namespace bwla {

/// Everything a kernel wrote.
struct CheckOutput {
    std::vector<float> floats;
    std::vector<std::int64_t> integers;
    bool guardIntact = true; ///< nothing was written behind the outputs
};

/// Runs one kernel on the operands that `shape` determines.
[[nodiscard]] CheckOutput runCheckCase(const Kernel& kernel, const CheckShape& shape);

} // namespace bwla
