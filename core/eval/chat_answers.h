// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/engine/session.h"
#include "core/eval/kl_divergence.h"
#include "core/text/tokenizer.h"

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

namespace bwla {

/// The first lines of `text` that are not blank, at most `limit` (0 = all). Throws
/// Error{textTooShort} where there is none.
[[nodiscard]] std::vector<std::string> chatQuestions(const std::string& text,
                                                     std::int64_t limit = 0);

struct ChatAnswers {
    std::int64_t maxTokens = 128; ///< of an answer
    std::uint64_t seed = 0;       ///< of the sampler, at temperature 1, anew for each answer
};

/// What `model` answers to each question as the first turn of a chat: prompt and answer, of which
/// the answer's tokens count. Answers without a token are left out. Hears the answers done. Throws
/// Cancelled, Error{badTemplate, promptTooLong}.
[[nodiscard]] std::vector<ScoredText> chatAnswers(Session& model, const Tokenizer& tokenizer,
                                                  const std::vector<std::string>& questions,
                                                  const ChatAnswers& settings,
                                                  const std::function<void(std::int64_t)>& done,
                                                  std::stop_token stop);

} // namespace bwla
