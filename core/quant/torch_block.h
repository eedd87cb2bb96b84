// SPDX-License-Identifier: GPL-3.0-or-later
//
// The parts of a Llama block between its linears, on libtorch tensors: what the quantizer's two
// streams need beside the engine (which has no batches of windows and no gradients). Agreement with
// the engine is tested. Include from .cpp files of bwla_quant only.
#pragma once

#include "core/model/model_config.h"

#include <ATen/ATen.h>

namespace bwla {

/// x (.., width) * gain / sqrt(mean(x^2) + epsilon).
[[nodiscard]] at::Tensor rmsNorm(const at::Tensor& x, const at::Tensor& gain, double epsilon);

/// cos and sin of position * frequency, each (positions, headDim / 2).
struct RotaryTable {
    at::Tensor cos;
    at::Tensor sin;
    RotaryTable(const ModelConfig& config, std::int64_t positions,
                const at::TensorOptions& options);
};

/// x (.., positions, headDim) with half-split pairs, turned by the table's rows from `first` on.
[[nodiscard]] at::Tensor rotate(const at::Tensor& x, const RotaryTable& table, std::int64_t first);

/// Causal attention of whole windows. qkv (windows, tokens, (heads + 2 kvHeads) * headDim) as the
/// group's stacked linears give it; result (windows, tokens, heads * headDim).
[[nodiscard]] at::Tensor attention(const at::Tensor& qkv, const ModelConfig& config,
                                   const RotaryTable& table);

/// gateUp (.., 2 * feedForward) -> silu(gate) * up.
[[nodiscard]] at::Tensor gatedUnit(const at::Tensor& gateUp);

} // namespace bwla
