// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <vector>

namespace bwla {

/// Draws next tokens from softmax(logits / temperature). The same seed and logits give the same
/// tokens on every machine (std::mt19937_64 is specified to the bit, distributions are not and are
/// not used).
class Sampler {
public:
    /// temperature 0 = always the greatest logit, the lowest id among equals. Throws
    /// Error{badArgument} for a negative or non-finite temperature.
    Sampler(double temperature, std::uint64_t seed);

    /// `logits` hold one value a token of the vocabulary. Throws Error{numeric} where none of them
    /// is finite.
    [[nodiscard]] std::int32_t next(std::span<const float> logits);

private:
    double temperature_;
    std::mt19937_64 random_;
    std::vector<double> weights_;
};

} // namespace bwla
