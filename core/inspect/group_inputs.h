// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/engine/transformer.h"
#include "core/model/model_weights.h"

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace bwla {

/// What an input group reads: (tokens, cols) row-major, after the norm where it has one.
using GroupInputRows = std::function<void(std::int64_t block, GroupKind kind,
                                          const HostInput& input, const std::vector<float>& rows)>;

/// Walks one text through `model`, made from `weights`, with unrounded activations, and hands out
/// the inputs of every group in the order of the forward pass. Throws what the backend throws.
void eachGroupInput(Transformer& model, const ModelWeights& weights,
                    std::span<const std::int32_t> tokens, const GroupInputRows& heard);

} // namespace bwla
