// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/engine/session.h"
#include "core/eval/windows.h"

#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <vector>

namespace bwla {

/// How far a model's next-token distributions are from a reference's, in nats a token.
struct KlResult {
    double mean = 0.0;
    double median = 0.0;
    double percentile99 = 0.0;
    double topAgreement = 0.0; ///< share of predictions with the same likeliest token
    std::int64_t tokens = 0;   ///< predictions compared
    std::int64_t windows = 0;
};

/// A text of its own: logits rows firstRow .. tokens.size() - 2 count.
struct ScoredText {
    std::vector<std::int32_t> tokens;
    std::int64_t firstRow = 0;
};

/// Hears the windows done, the windows in all and the mean so far.
using KlProgress = std::function<void(std::int64_t, std::int64_t, double)>;

/// Runs both models over the same windows chunk by chunk; nothing but one number a token is kept.
/// The sessions may live on different backends; they must not share a Transformer with equal
/// activation bits (they would share one plan's logits). Throws as perplexity(), and
/// Error{badArgument} where the vocabularies differ.
[[nodiscard]] KlResult klDivergence(Session& reference, Session& model,
                                    std::span<const std::int32_t> tokens, const WindowRule& rule,
                                    std::int64_t limit = 0, const KlProgress& progress = {},
                                    std::stop_token stop = {});

/// The same over texts, each read from its beginning.
[[nodiscard]] KlResult klDivergence(Session& reference, Session& model,
                                    std::span<const ScoredText> texts,
                                    const KlProgress& progress = {}, std::stop_token stop = {});

} // namespace bwla
