// SPDX-License-Identifier: GPL-3.0-or-later
//
// Include from .cpp files of bwla_quant only.
#pragma once

#include <ATen/ATen.h>

namespace bwla {

/// The orthogonal matrix nearest to square M of any device and floating type: U V' from M = U D V'.
/// On a CPU by the decomposition (procrustes.h). On a GPU, where a small decomposition waits for
/// the host, by Newton and Schulz's iteration in double, X <- X (15 I - 10 X'X + 3 (X'X)^2) / 8
/// (Higham 2008, 8.3), which for condition 1000 takes a dozen and a half of steps; what does not
/// converge is decomposed. The result is M's type, orthogonal to its precision.
[[nodiscard]] at::Tensor polarFactor(const at::Tensor& m);

/// The iteration alone, anywhere, in double; undefined where it does not converge (M is singular,
/// or nearly).
[[nodiscard]] at::Tensor polarByIteration(const at::Tensor& m);

} // namespace bwla
