// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a row of logits says about the next token. Exponentials in float32, sums in double: over a
// vocabulary of 49152 the result keeps about 1e-7, at a fifth of the time of double exponentials.
#pragma once

#include <cstdint>
#include <span>

namespace bwla {

/// -log softmax(logits)[token] in nats. NaN where a logit is NaN.
[[nodiscard]] double tokenLoss(std::span<const float> logits, std::int32_t token);

/// log sum exp(logits).
[[nodiscard]] double logSumExp(std::span<const float> logits);

struct RowDivergence {
    double kl = 0.0;      ///< sum p log(p / q) in nats, not negative
    bool sameTop = false; ///< the likeliest token is the same
};

/// KL(P || Q), P = softmax(reference), Q = softmax(model); equal lengths.
[[nodiscard]] RowDivergence rowDivergence(std::span<const float> reference,
                                          std::span<const float> model);

} // namespace bwla
