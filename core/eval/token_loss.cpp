// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/eval/token_loss.h"

#include <algorithm>
#include <cmath>

namespace bwla {

double logSumExp(std::span<const float> logits) {
    const float top = *std::ranges::max_element(logits);
    double sum = 0.0;
    for (const float logit : logits)
        sum += std::exp(logit - top);
    return top + std::log(sum);
}

double tokenLoss(std::span<const float> logits, std::int32_t token) {
    return logSumExp(logits) - logits[static_cast<std::size_t>(token)];
}

RowDivergence rowDivergence(std::span<const float> reference, std::span<const float> model) {
    const auto referenceTop = std::ranges::max_element(reference);
    const auto modelTop = std::ranges::max_element(model);
    // With e_v = exp(p_v - max p): sum p (log p - log q) = sum e (p - q) / sum e - lse p + lse q,
    // which needs one exponential a token and model instead of three.
    double referenceSum = 0.0;
    double modelSum = 0.0;
    double weighted = 0.0;
    for (std::size_t i = 0; i < reference.size(); ++i) {
        const double weight = std::exp(reference[i] - *referenceTop);
        referenceSum += weight;
        modelSum += std::exp(model[i] - *modelTop);
        weighted += weight * (double(reference[i]) - double(model[i]));
    }
    const double kl = weighted / referenceSum - (*referenceTop + std::log(referenceSum)) +
                      (*modelTop + std::log(modelSum));
    // Rounding alone can take equal rows a hair below zero. NaN stays NaN.
    return {.kl = kl < 0.0 ? 0.0 : kl,
            .sameTop = referenceTop - reference.begin() == modelTop - model.begin()};
}

} // namespace bwla
