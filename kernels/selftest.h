// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "kernels/kernel_check.h"

#include <vector>

namespace bwla {

/// Checks every kernel this processor can run against its scalar twin, on a shape with tails and on
/// one as models have them, one token and a batch; the worst of them is reported. About a second.
[[nodiscard]] std::vector<KernelCheck> selftest();

} // namespace bwla
