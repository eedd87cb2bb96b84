// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/json_text.h"
#include "core/model/model_source.h"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace bwla {

/// The tokenizer of a Hugging Face folder: tokenizer.json, tokenizer_config.json,
/// chat_template.jinja and, for the ids that end an answer, generation_config.json. `config`: the
/// model's config.json, asked last. Throws Error{missingTokenizer, unsupportedTokenizer, corrupt}.
[[nodiscard]] TokenizerData folderTokenizer(const std::filesystem::path& folder,
                                            const Json& config);

/// The files of a folder that belong to the model but hold no weights, as name and bytes, sorted.
[[nodiscard]] std::vector<std::pair<std::string, std::string>>
folderCompanions(const std::filesystem::path& folder);

} // namespace bwla
