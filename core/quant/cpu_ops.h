// SPDX-License-Identifier: GPL-3.0-or-later
//
// Parts of the refinement's step on a processor, each with its gradient, as a few passes over
// bfloat16 rows (row_kernels.h). By libtorch's operations a step of 128 tokens spent more time
// between its large products than in them. Callers ask runsOnRows() and have libtorch's operations
// for everything else. Include from .cpp files of bwla_quant only.
#pragma once

#include <ATen/ATen.h>

namespace bwla {

/// x is bfloat16 on a CPU, and no WithoutFusedOps lives.
[[nodiscard]] bool runsOnRows(const at::Tensor& x);

/// rmsNorm() of x (.., width); gain (width) float32.
[[nodiscard]] at::Tensor rowsNorm(const at::Tensor& x, const at::Tensor& gain, double epsilon);

/// gateUp (.., 2 units) -> silu(gate) * up.
[[nodiscard]] at::Tensor rowsGatedUnit(const at::Tensor& gateUp);

/// x (k, m) times exp(logScale) (m), of x's type.
[[nodiscard]] at::Tensor rowsScaled(const at::Tensor& x, const at::Tensor& logScale);

/// x (k, m) [exp(logRow) (.) signs + A B]' (k, n): signs (n, m) of x's type, whose gradient is
/// computed where they train, logRow (n, 1), A (n, r) and B (r, m) float32, the last two undefined
/// where there is no low rank.
[[nodiscard]] at::Tensor rowsBinaryLinear(const at::Tensor& x, const at::Tensor& signs,
                                          const at::Tensor& logRow, const at::Tensor& a,
                                          const at::Tensor& b);

/// As fusedLatentStep() (fused_ops.h).
void rowsLatentStep(at::Tensor& latents, at::Tensor& first, at::Tensor& second,
                    at::Tensor& gradients, at::Tensor& signs, const at::Tensor& rates,
                    double bound);

/// scores (.., strip, keys) become softmax over the first keys - strip + 1 + row keys, in place;
/// nothing is recorded.
void rowsCausalSoftmax(at::Tensor& scores);

/// One position's attention, float32 on a CPU: q (texts, groups, perGroup, headDim) over the first
/// `count` of keys and values (texts, groups, length, headDim); libtorch multiplies a pair of
/// matrices a text and group, far too small for that. Result as q.
[[nodiscard]] at::Tensor rowsAttend(const at::Tensor& q, const at::Tensor& keys,
                                    const at::Tensor& values, std::int64_t count);

/// Sum over rows of KL(teacher | student) of logits (rows, V); student becomes its own gradient.
[[nodiscard]] double rowsKl(const at::Tensor& teacher, at::Tensor& student);

} // namespace bwla
