// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "kernels/backend.h"

#include <cstdint>
#include <random>
#include <span>
#include <vector>

namespace bwla {

struct SamplerSettings {
    double temperature = 0.7; ///< 0 = always the greatest logit, the lowest id among equals
    std::int64_t topK = 0;    ///< only the K likeliest tokens; 0 = all
    double topP = 1.0;        ///< only the likeliest tokens that together reach this probability
    double minP = 0.0;        ///< only tokens of this share of the likeliest one's probability
    double repeatPenalty =
        1.0; ///< logits of recent tokens are divided by it, negative ones times it
    std::int64_t repeatWindow = 64; ///< how many tokens are recent
    std::uint64_t seed = 0;
};

/// Draws next tokens from softmax(logits / temperature), after the repeat penalty, topK, topP and
/// minP in this order; those look at the probabilities at temperature 1. The same seed and logits
/// give the same tokens on every machine (std::mt19937_64 is specified to the bit, distributions
/// are not and are not used). One thread at a time.
class Sampler {
public:
    /// Throws Error{badArgument} for a setting out of range.
    explicit Sampler(const SamplerSettings& settings);
    Sampler(double temperature, std::uint64_t seed);

    /// `logits` hold one value a token of the vocabulary, -infinity = impossible; `history` the
    /// tokens so far, newest last. Throws Error{numeric} for NaN or +infinity, or where no token is
    /// possible.
    [[nodiscard]] std::int32_t sample(std::span<const float> logits,
                                      std::span<const std::int32_t> history);
    /// How many of the likeliest tokens of such a vocabulary suffice; 0 = all logits are needed.
    [[nodiscard]] int likeliestWanted(std::int64_t vocabulary) const;
    /// The same token as from all logits, from at least likeliestWanted() of the likeliest.
    [[nodiscard]] std::int32_t sample(std::span<const TokenLogit> likeliest,
                                      std::span<const std::int32_t> history);
    /// Without a history.
    [[nodiscard]] std::int32_t next(std::span<const float> logits) { return sample(logits, {}); }

private:
    struct Candidate {
        float logit;
        std::int32_t id;
    };
    static bool likelier(const Candidate& a, const Candidate& b);

    void add(float logit, std::int32_t id);
    [[nodiscard]] std::int32_t choose(std::span<const std::int32_t> history);
    void penalize(std::span<const std::int32_t> history);
    void keepTopK();
    void keepTopP();
    void keepMinP();
    [[nodiscard]] float greatestLogit() const;
    [[nodiscard]] std::int32_t draw();

    SamplerSettings settings_;
    std::mt19937_64 random_;
    std::vector<Candidate> candidates_;
    std::vector<double> weights_;
};

} // namespace bwla
