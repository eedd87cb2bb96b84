// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/gguf_file.h"
#include "core/model/model_source.h"

#include <string>
#include <utility>
#include <vector>

namespace bwla {

/// Keys tokenizer.* of a GGUF file; byte-level BPE only (tokenizer.ggml.model "gpt2").
/// Throws Error{missingTokenizer, unsupportedTokenizer, corrupt}.
[[nodiscard]] TokenizerData ggufTokenizer(const GgufFile& file);

/// The same tokenizer as files of a Hugging Face folder: tokenizer.json, tokenizer_config.json with
/// the chat template, generation_config.json with the ids that end an answer; none where the file
/// has no tokenizer. Throws Error{unsupportedTokenizer, corrupt}.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> ggufCompanions(const GgufFile& file);

} // namespace bwla
