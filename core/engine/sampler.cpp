// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/engine/sampler.h"

#include "core/error.h"

#include <algorithm>
#include <cmath>

namespace bwla {
namespace {

/// Position of the greatest value that is a number.
std::size_t greatest(std::span<const float> logits) {
    std::size_t best = logits.size();
    for (std::size_t i = 0; i < logits.size(); ++i)
        if (!std::isnan(logits[i]) && (best == logits.size() || logits[i] > logits[best]))
            best = i;
    if (best == logits.size() || !std::isfinite(logits[best]))
        throw Error(ErrorCode::numeric).because("no logit is a number to choose a token by");
    return best;
}

/// Uniform in [0, 1), from the upper 53 bits.
double uniform(std::mt19937_64& random) {
    return static_cast<double>(random() >> 11) * 0x1.0p-53;
}

} // namespace

Sampler::Sampler(double temperature, std::uint64_t seed)
    : temperature_(temperature), random_(seed) {
    if (!std::isfinite(temperature) || temperature < 0)
        throw Error(ErrorCode::badArgument).because("The temperature must be 0 or more.");
}

std::int32_t Sampler::next(std::span<const float> logits) {
    const std::size_t best = greatest(logits);
    if (temperature_ == 0)
        return static_cast<std::int32_t>(best);
    weights_.resize(logits.size());
    double total = 0.0;
    for (std::size_t i = 0; i < logits.size(); ++i) {
        const double distance = static_cast<double>(logits[i]) - static_cast<double>(logits[best]);
        weights_[i] = std::isnan(distance) ? 0.0 : std::exp(distance / temperature_);
        total += weights_[i];
    }
    double rest = uniform(random_) * total;
    for (std::size_t i = 0; i < weights_.size(); ++i) {
        rest -= weights_[i];
        if (rest < 0)
            return static_cast<std::int32_t>(i);
    }
    return static_cast<std::int32_t>(best); // rounding left a crumb of `rest`
}

} // namespace bwla
