// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/model_source.h"

#include <memory>

namespace bwla {

/// A checkpoint of this shape whose weights are normal with deviation 1 / sqrt(inputs) and gains
/// near 1: for checks and timings, where arithmetic matters and quality does not. The same shape
/// has the same weights. It has no tokenizer and no files.
[[nodiscard]] std::unique_ptr<ModelSource> randomModel(const ModelConfig& config);

/// Decoder blocks shaped like SmolLM2-135M's, with its vocabulary.
[[nodiscard]] ModelConfig smallLlamaShape(std::int64_t layers, std::int64_t context);

} // namespace bwla
