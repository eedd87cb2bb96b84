// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/engine/chat_prompt.h"

#include "core/error.h"

namespace bwla {
namespace {

std::string tokenText(const TokenizerData& data, std::int32_t id) {
    return id < 0 ? std::string() : data.tokens.at(static_cast<std::size_t>(id));
}

} // namespace

std::string renderPrompt(const TokenizerData& tokenizer, const std::vector<ChatMessage>& messages,
                         const std::string& otherTemplate) {
    const std::string& source = otherTemplate.empty() ? tokenizer.chatTemplate : otherTemplate;
    if (source.empty())
        throw Error(ErrorCode::badTemplate).because("the model has none");
    const std::int32_t eos = tokenizer.eos.empty() ? -1 : tokenizer.eos.front();
    return ChatTemplate(source).render(messages, true, tokenText(tokenizer, tokenizer.bos),
                                       tokenText(tokenizer, eos));
}

std::vector<std::int32_t> promptTokens(const Tokenizer& tokenizer, const std::string& prompt) {
    std::vector<std::int32_t> tokens = tokenizer.encode(prompt, true);
    const TokenizerData& data = tokenizer.data();
    if (data.addBos && data.bos >= 0 && (tokens.empty() || tokens.front() != data.bos))
        tokens.insert(tokens.begin(), data.bos);
    return tokens;
}

} // namespace bwla
