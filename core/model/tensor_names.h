// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/model_config.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bwla {

inline constexpr const char* embeddingName = "model.embed_tokens.weight";
inline constexpr const char* headName = "lm_head.weight";
inline constexpr const char* finalNormName = "model.norm.weight";

/// "model.layers.L."
[[nodiscard]] std::string layerPrefix(std::int64_t layer);
[[nodiscard]] std::string attnNormName(std::int64_t layer);
[[nodiscard]] std::string mlpNormName(std::int64_t layer);

/// "model.layers.L.<linear>", as Hugging Face names the module.
[[nodiscard]] std::string moduleName(std::int64_t layer, GroupKind kind, int index);

struct ExpectedTensor {
    std::string name; ///< Hugging Face's
    std::vector<std::int64_t> shape;
    bool linear = false; ///< a weight of a decoder block that is quantized
};

/// Every tensor a Llama model needs, in the order of the forward pass; the head only if untied.
[[nodiscard]] std::vector<ExpectedTensor> expectedTensors(const ModelConfig& config);

} // namespace bwla
