// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/gguf_file.h"
#include "core/model/json_text.h"
#include "core/model/model_config.h"

namespace bwla {

/// Reads a Hugging Face config.json of the Llama family (LlamaForCausalLM; MistralForCausalLM
/// without a sliding window). Members that may be left out have transformers' defaults.
/// Throws Error{corrupt, tooLarge, unsupportedFamily}; the latter names what this engine lacks:
/// another architecture, biases, another activation, an unknown rope scaling.
[[nodiscard]] ModelConfig llamaConfig(const JsonObject& config);

/// A GGUF file's metadata of the llama architecture in Hugging Face's keys.
/// Throws Error{corrupt, missingTensor, unsupportedFamily}.
[[nodiscard]] Json llamaConfigJson(const GgufFile& file);

} // namespace bwla
