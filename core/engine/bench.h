// SPDX-License-Identifier: GPL-3.0-or-later
//
// Throughput as llama-bench measures it: pp<P> feeds a prompt of P random tokens to an empty cache,
// tg<N> feeds N random tokens one by one to an empty cache. Both are run once unmeasured (tg for
// one token only), then `repetitions` times; mean and sample deviation are of tokens per second.
// Sampling (unless asked for) and detokenising are not part of it.
#pragma once

#include "core/engine/transformer.h"
#include "core/job/job.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bwla {

struct BenchSettings {
    std::int64_t promptTokens = 512;   ///< 0 = no pp test
    std::int64_t generateTokens = 128; ///< 0 = no tg test
    int repetitions = 5;
    int activationBits = 0; ///< 0 = the weights' own
    std::uint32_t seed = 1; ///< of the token ids
    /// Tokens of the tg test are not random but each the likeliest after the one before, found from
    /// all logits (host) or where the model runs (device): what choosing adds to a step.
    enum class Choosing : std::uint8_t { none, host, device };
    Choosing choosing = Choosing::none;
    bool profile = false; ///< BenchRow::work too, from a run of its own with a timed plan
};

struct BenchRow {
    std::string test; ///< "pp512", "tg128", "tg128 host", "tg128 device"
    double tokensPerSecond = 0.0;
    double deviation = 0.0;       ///< of one repetition, tokens per second; 0 for a single one
    std::int64_t memoryBytes = 0; ///< weights and cache
    /// Of weights that each token reads (tg); 0 where tokens share them (pp). Keys and values come
    /// on top.
    std::int64_t tokenWeightBytes = 0;
    /// Of one token (tg) or one chunk (pp) in the middle of the test; empty unless asked for and
    /// where the backend cannot tell.
    std::vector<WorkTime> work;
};

/// Throws Error{badArgument} for settings that measure nothing.
void validate(const BenchSettings& settings);

/// Throws as validate().
class BenchJob : public Job<BenchSettings, Progress, std::vector<BenchRow>> {
public:
    explicit BenchJob(Transformer& model) : model_(model) {}
    std::vector<BenchRow> run(const BenchSettings& settings, const Sink<Progress>& sink,
                              std::stop_token stop) override;

private:
    Transformer& model_;
};

} // namespace bwla
