// SPDX-License-Identifier: GPL-3.0-or-later
//
// tokenizer.json of the tokenizers library: byte-level BPE read into and written from
// TokenizerData.
#pragma once

#include "core/model/json_text.h"
#include "core/model/model_source.h"

#include <filesystem>

namespace bwla {

/// Tokens, merges, special tokens, pre-tokenizer and whether BOS is put in front.
/// `pattern` is the Split regex; for ByteLevel(use_regex) it stays empty and `preTokenizer` is
/// "gpt-2", whose regex that is. Throws Error{unsupportedTokenizer} naming the part this project
/// does not compute, Error{corrupt}.
[[nodiscard]] TokenizerData readTokenizerJson(const Json& json, const std::filesystem::path& file);

/// The inverse: text that the tokenizers library reads to the same ids.
/// Throws Error{unsupportedTokenizer} for a pre-tokenizer without a known regex.
[[nodiscard]] Json tokenizerJson(const TokenizerData& data);

} // namespace bwla
