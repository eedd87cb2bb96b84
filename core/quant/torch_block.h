// SPDX-License-Identifier: GPL-3.0-or-later
//
// A Llama block around its linears, on libtorch tensors of float32 or bfloat16: what the quantizer
// needs beside the engine (which has no batches of windows and no gradients). Agreement with the
// engine is tested. Include from .cpp files of bwla_quant only.
#pragma once

#include "core/model/model_config.h"

#include <ATen/ATen.h>

#include <functional>

namespace bwla {

/// x (.., width) * gain / sqrt(mean(x^2) + epsilon), of x's type; gain is float32.
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

/// One whole block: x (windows, tokens, width) -> the same. `linear` computes a group's stacked
/// outputs of rows (windows * tokens, inputs).
using GroupLinear = std::function<at::Tensor(GroupKind, const at::Tensor& rows)>;
[[nodiscard]] at::Tensor decoderBlock(const at::Tensor& x, const at::Tensor& attnNorm,
                                      const at::Tensor& mlpNorm, const ModelConfig& config,
                                      const RotaryTable& table, const GroupLinear& linear);

} // namespace bwla
