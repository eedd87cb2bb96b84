// SPDX-License-Identifier: GPL-3.0-or-later
//
// How far a quantized model's answer is from what its original would have said.
#pragma once

#include "core/engine/answer_job.h"
#include "core/engine/session.h"

#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

namespace bwla {

/// Over the tokens of the quantized model's answer.
struct Agreement {
    /// KL(original || quantized) in nats of the distribution from which each token was drawn, both
    /// models having read the same text: the quantized model's prompt and answer up to the token.
    std::vector<float> kl;
    std::int64_t sameTop = 0; ///< tokens at which both find the same token likeliest

    [[nodiscard]] double mean() const;     ///< NaN without a token
    [[nodiscard]] double topShare() const; ///< NaN without a token
};

/// `prompt` and `answer` are the quantized model's; both sessions keep them in their caches.
/// Nothing but one number a token is kept of the logits. nullopt when stopped, or where the
/// original has no room for the text. Throws Error{badArgument} where the vocabularies differ,
/// Error{numeric}.
[[nodiscard]] std::optional<Agreement> agreement(Session& original, Session& quantized,
                                                 std::span<const std::int32_t> prompt,
                                                 std::span<const AnswerToken> answer,
                                                 const std::stop_token& stop);

/// Index of the first token in which two answers differ; nullopt where none does so far. An answer
/// that ended (`aEnded`, `bEnded`) differs from one that goes on.
[[nodiscard]] std::optional<std::size_t> firstDifference(std::span<const AnswerToken> a,
                                                         bool aEnded,
                                                         std::span<const AnswerToken> b,
                                                         bool bEnded);

} // namespace bwla
