// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/text/chat_template.h"
#include "core/text/tokenizer.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bwla {

/// The text a model reads for a conversation: its own chat template, ready for the next answer.
/// `otherTemplate`, where not empty, takes its place. Throws Error{badTemplate}, also where there
/// is none.
[[nodiscard]] std::string renderPrompt(const TokenizerData& tokenizer,
                                       const std::vector<ChatMessage>& messages,
                                       const std::string& otherTemplate = {});

/// Tokens of a rendered or raw prompt: special tokens in it count as such, and BOS is put in front
/// where the model wants one and the text does not begin with it. Throws Error{badText}.
[[nodiscard]] std::vector<std::int32_t> promptTokens(const Tokenizer& tokenizer,
                                                     const std::string& prompt);

} // namespace bwla
