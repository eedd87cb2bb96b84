// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/self_prompts.h"

#include "core/quant/user_turns.h"
#include "core/text/chat_template.h"
#include "core/text/start_of_text.h"

#include <algorithm>

namespace bwla {
namespace {

using Prompt = std::vector<std::int32_t>;

/// A chat up to its answer; empty without a template.
std::string chatText(const TokenizerData& data, std::string_view question) {
    if (data.chatTemplate.empty())
        return {};
    const auto text = [&](std::int32_t id) {
        return id >= 0 ? data.tokens[static_cast<std::size_t>(id)] : std::string();
    };
    const ChatTemplate chat(data.chatTemplate);
    return chat.render({{"user", std::string(question)}}, true, text(data.bos),
                       data.eos.empty() ? "" : text(data.eos.front()));
}

Prompt questionPrompt(const Tokenizer& tokenizer, std::string_view question) {
    const std::string chat = chatText(tokenizer.data(), question);
    return chat.empty() ? tokenizer.encode(question, false) : tokenizer.encode(chat, true);
}

/// A chat as far as where the question begins; an empty prompt where that cannot be told.
Prompt chatPrompt(const Tokenizer& tokenizer) {
    constexpr std::string_view place = "QUESTION";
    const std::string chat = chatText(tokenizer.data(), place);
    const std::size_t begin = chat.find(place);
    return begin == std::string::npos ? Prompt{} : tokenizer.encode(chat.substr(0, begin), true);
}

Prompt pieceOf(std::span<const std::int32_t> text, std::int64_t tokens, std::size_t index,
               std::size_t count) {
    const std::size_t size = std::min(static_cast<std::size_t>(tokens), text.size());
    const std::size_t first = (text.size() - size) * index / count;
    const auto piece = text.subspan(first, size);
    return {piece.begin(), piece.end()};
}

} // namespace

std::vector<Prompt> selfPrompts(const Tokenizer& tokenizer, std::span<const std::int32_t> text,
                                std::int64_t count, const PromptSettings& settings) {
    std::vector<Opening> openings(settings.openings.begin(), settings.openings.end());
    if (text.empty())
        std::erase(openings, Opening::piece);
    const Prompt chat = chatPrompt(tokenizer);
    std::vector<Prompt> questions;
    for (const std::string_view turn : userTurns())
        questions.push_back(questionPrompt(tokenizer, turn));
    const auto all = static_cast<std::size_t>(count);
    std::vector<Prompt> prompts;
    std::size_t asked = 0;
    for (std::size_t i = 0; i < all; ++i) {
        const Opening opening = openings[i % openings.size()];
        Prompt prompt;
        if (opening == Opening::question)
            prompt = questions[asked++ % questions.size()];
        else if (opening == Opening::chat)
            prompt = chat;
        else if (opening == Opening::piece)
            prompt = pieceOf(text, settings.pieceTokens, i, all);
        prompt.resize(std::min(prompt.size(), static_cast<std::size_t>(settings.longest)));
        if (prompt.empty())
            prompt.push_back(startOfText(tokenizer.data()));
        prompts.push_back(std::move(prompt));
    }
    return prompts;
}

} // namespace bwla
