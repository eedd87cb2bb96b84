// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/engine/context_use.h"

#include "core/engine/chat_prompt.h"
#include "core/error.h"

#include <utility>

namespace bwla {
namespace {

std::vector<std::int32_t> conversationTokens(const Tokenizer& tokenizer,
                                             const std::vector<ChatMessage>& messages,
                                             const std::string& otherTemplate) {
    return promptTokens(tokenizer, renderPrompt(tokenizer.data(), messages, otherTemplate));
}

} // namespace

ContextUse contextUse(const Tokenizer& tokenizer, std::vector<ChatMessage> messages,
                      std::int64_t capacity, const std::string& otherTemplate) {
    const std::int64_t all = std::ssize(conversationTokens(tokenizer, messages, otherTemplate));
    messages.back().content.clear();
    const std::int64_t before = std::ssize(conversationTokens(tokenizer, messages, otherTemplate));
    return {.before = before, .message = all - before, .capacity = capacity};
}

std::string doesNotFit(const ContextUse& use) {
    return "This message does not fit: it has " + std::to_string(use.message) +
           (use.message == 1 ? " token" : " tokens") + ", the rest of the conversation " +
           std::to_string(use.before) + ", together " + std::to_string(use.excess()) +
           " too many for the context of " + std::to_string(use.capacity) + ".";
}

std::vector<std::int32_t> fittingPrompt(const Tokenizer& tokenizer,
                                        const std::vector<ChatMessage>& messages,
                                        std::int64_t capacity, const std::string& advice,
                                        const std::string& otherTemplate) {
    std::vector<std::int32_t> tokens = conversationTokens(tokenizer, messages, otherTemplate);
    if (std::ssize(tokens) > capacity)
        throw Error(ErrorCode::promptTooLong)
            .wanted(capacity)
            .got(std::ssize(tokens))
            .because(doesNotFit(contextUse(tokenizer, messages, capacity, otherTemplate)) + " " +
                     advice);
    return tokens;
}

} // namespace bwla
