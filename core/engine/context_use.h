// SPDX-License-Identifier: GPL-3.0-or-later
//
// Whether a conversation fits into a session, and the one sentence that says it does not.
#pragma once

#include "core/text/chat_template.h"
#include "core/text/tokenizer.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bwla {

/// Tokens of a conversation, its last message apart, beside what a session holds.
struct ContextUse {
    std::int64_t before = 0; ///< without the last message, but with the frame that stands around it
    std::int64_t message = 0;
    std::int64_t capacity = 0;

    [[nodiscard]] std::int64_t total() const { return before + message; }
    /// Tokens too many. Where it is 0 there is room for an answer of one token.
    [[nodiscard]] std::int64_t excess() const { return total() - capacity; }
};

/// Counts a conversation, a message of the user last. Throws what renderPrompt and promptTokens
/// throw.
[[nodiscard]] ContextUse contextUse(const Tokenizer& tokenizer, std::vector<ChatMessage> messages,
                                    std::int64_t capacity, const std::string& otherTemplate = {});

/// One sentence with the counts; what to do about it depends on who asks.
[[nodiscard]] std::string doesNotFit(const ContextUse& use);

/// What a model reads for a conversation, in tokens. Throws as contextUse does, and
/// Error{promptTooLong} in the words of doesNotFit, then `advice`, where there are more of them
/// than `capacity`.
[[nodiscard]] std::vector<std::int32_t> fittingPrompt(const Tokenizer& tokenizer,
                                                      const std::vector<ChatMessage>& messages,
                                                      std::int64_t capacity,
                                                      const std::string& advice,
                                                      const std::string& otherTemplate = {});

} // namespace bwla
