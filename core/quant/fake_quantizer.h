// SPDX-License-Identifier: GPL-3.0-or-later
//
// Include from .cpp files of bwla_quant only.
#pragma once

#include <ATen/ATen.h>

namespace bwla {

/// s (q - z) of rows x (k, m) as kernels/host_linear.h defines it, float32. The gradient passes
/// straight through what is rounded and is 0 for what is clamped; lo, hi, s and z count as
/// constants.
[[nodiscard]] at::Tensor fakeQuantize(const at::Tensor& x, int bits, double clipLow,
                                      double clipHigh);

} // namespace bwla
