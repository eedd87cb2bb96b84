// SPDX-License-Identifier: GPL-3.0-or-later
//
// Parts of the refinement's step that run as one kernel of our own where bwla is built with CUDA
// (cuda/training_kernels.h), with their gradients. Callers ask fusable() and have libtorch's
// operations for everything else. Include from .cpp files of bwla_quant only.
#pragma once

#include "core/model/model_config.h"
#include "core/quant/torch_block.h"

#include <ATen/ATen.h>

#include <array>

namespace bwla {

/// x is on a GPU that this build has kernels of its own for.
[[nodiscard]] bool hasOwnKernels(const at::Tensor& x);
/// And x is bfloat16, its rows multiples of 8.
[[nodiscard]] bool fusable(const at::Tensor& x);

/// While one lives, both say no on this thread: the same work by libtorch's operations, to
/// check the kernels against.
class WithoutFusedOps {
public:
    WithoutFusedOps();
    ~WithoutFusedOps();
    WithoutFusedOps(const WithoutFusedOps&) = delete;
    WithoutFusedOps& operator=(const WithoutFusedOps&) = delete;
};

[[nodiscard]] bool fusedOpsForbidden(); ///< one lives

/// gateUp (.., 2 units) -> silu(gate) * up.
[[nodiscard]] at::Tensor fusedGatedUnit(const at::Tensor& gateUp);

/// qkv (windows, tokens, (heads + 2 kvHeads) headDim) -> q, k, v (windows, tokens, heads or
/// kvHeads, headDim), q and k turned by the table's first rows.
[[nodiscard]] std::array<at::Tensor, 3> fusedHeads(const at::Tensor& qkv, const ModelConfig& config,
                                                   const RotaryTable& table);

/// Keys and values that texts of one length have so far: (texts, kvHeads, length, headDim).
struct TextCache {
    at::Tensor keys, values;
};
/// The newest token of each text, qkv (texts, (heads + 2 kvHeads) headDim), at `position` (1),
/// int64 -> (texts, heads headDim); its key and value are added. Undefined where there is no such
/// kernel. Nothing is recorded.
[[nodiscard]] at::Tensor fusedNewest(const at::Tensor& qkv, const ModelConfig& config,
                                     const RotaryTable& table, const at::Tensor& position,
                                     TextCache& cache);
/// Logits (rows, V), numbers 0 <= u < 1 (rows, 1), float32 -> drawn tokens (rows, 1), int64.
[[nodiscard]] at::Tensor fusedDraw(const at::Tensor& logits, const at::Tensor& u);

/// x (rows, m) times exp(logScale) (m), rounded as fakeQuantize() does.
[[nodiscard]] at::Tensor fusedQuantize(const at::Tensor& x, const at::Tensor& logScale, int bits,
                                       double clipLow, double clipHigh);

/// What a group's weights are made of; no column scales, no low rank: undefined.
struct BinaryParts {
    at::Tensor signs;              ///< (n, m), bfloat16
    at::Tensor logRow, logColumn;  ///< (n, 1), (m), float32
    at::Tensor lowRankA, lowRankB; ///< (n, k), (k, m), float32
};
/// (signs * exp(logRow) + A B) * exp(logColumn), (n, m), bfloat16.
[[nodiscard]] at::Tensor fusedWeights(const BinaryParts& parts);

/// Logits (rows, V) -> KL(teacher | student) a row, (rows), float32; student becomes its own
/// gradient. Nothing is recorded.
[[nodiscard]] at::Tensor fusedKl(const at::Tensor& teacher, at::Tensor& student);

/// Flat latents, moments (float32), gradients and signs of one size; `rates` is adamRates().
void fusedLatentStep(at::Tensor& latents, at::Tensor& first, at::Tensor& second,
                     at::Tensor& gradients, at::Tensor& signs, const at::Tensor& rates,
                     double bound);

/// Bytes of this device that may be taken for keeping results.
[[nodiscard]] std::int64_t sparePlace(const at::Device& device);

} // namespace bwla
