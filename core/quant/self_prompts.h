// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/text/tokenizer.h"

#include <cstdint>
#include <span>
#include <vector>

namespace bwla {

/// How a self-written text begins.
enum class Opening : std::uint8_t {
    nothing,  ///< an empty prompt (the document separator of pretraining)
    question, ///< a chat with one of the built-in questions
    chat,     ///< a chat whose question the model writes too (Magpie, Xu et al. 2024)
    piece,    ///< tokens of a text, from an evenly spaced place
};

struct PromptSettings {
    std::span<const Opening> openings; ///< in turn; pieces only where there is text
    std::int64_t pieceTokens = 24;
    std::int64_t longest = 0; ///< tokens of any prompt, at most
};

/// `count` openings of self-written text.
[[nodiscard]] std::vector<std::vector<std::int32_t>> selfPrompts(const Tokenizer& tokenizer,
                                                                 std::span<const std::int32_t> text,
                                                                 std::int64_t count,
                                                                 const PromptSettings& settings);

} // namespace bwla
