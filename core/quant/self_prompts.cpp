// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/self_prompts.h"

#include "core/quant/user_turns.h"
#include "core/text/chat_template.h"
#include "core/text/start_of_text.h"

#include <algorithm>

namespace bwla {
namespace {

constexpr std::size_t continuedTokens = 24; // as in the study

std::vector<std::int32_t> chatPrompt(const Tokenizer& tokenizer, std::string_view question) {
    const TokenizerData& data = tokenizer.data();
    if (data.chatTemplate.empty())
        return tokenizer.encode(question, false);
    const auto text = [&](std::int32_t id) {
        return id >= 0 ? data.tokens[static_cast<std::size_t>(id)] : std::string();
    };
    const ChatTemplate chat(data.chatTemplate);
    const std::string prompt = chat.render({{"user", std::string(question)}}, true, text(data.bos),
                                           data.eos.empty() ? "" : text(data.eos.front()));
    return tokenizer.encode(prompt, true);
}

std::vector<std::int32_t> pieceOf(std::span<const std::int32_t> text, std::size_t index,
                                  std::size_t count) {
    const std::size_t size = std::min(continuedTokens, text.size());
    const std::size_t first = (text.size() - size) * index / count;
    const auto piece = text.subspan(first, size);
    return {piece.begin(), piece.end()};
}

} // namespace

std::vector<std::vector<std::int32_t>> selfPrompts(const Tokenizer& tokenizer,
                                                   std::span<const std::int32_t> text,
                                                   std::int64_t count, std::int64_t longest) {
    std::vector<std::vector<std::int32_t>> chats;
    for (const std::string_view turn : userTurns())
        chats.push_back(chatPrompt(tokenizer, turn));
    const std::size_t kinds = text.empty() ? 2 : 4;
    const auto all = static_cast<std::size_t>(count);
    std::vector<std::vector<std::int32_t>> prompts;
    for (std::size_t i = 0; i < all; ++i) {
        const std::size_t kind = i % kinds;
        if (kind == 0)
            prompts.push_back({startOfText(tokenizer.data())});
        else if (kind == 1)
            prompts.push_back(chats[i / kinds % chats.size()]);
        else
            prompts.push_back(pieceOf(text, i, all));
        std::vector<std::int32_t>& prompt = prompts.back();
        prompt.resize(std::min(prompt.size(), static_cast<std::size_t>(longest)));
        if (prompt.empty())
            prompt.push_back(startOfText(tokenizer.data()));
    }
    return prompts;
}

} // namespace bwla
