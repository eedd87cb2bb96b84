// SPDX-License-Identifier: GPL-3.0-or-later
//
// How long the closed form of one decoder block takes, by stage: random weights, no model file.
#pragma once

#include "core/job/job.h"
#include "core/quant/quantize_settings.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bwla {

struct BlockBenchSettings {
    std::int64_t width = 576;
    std::int64_t feedForward = 1536;
    std::int64_t heads = 9, kvHeads = 3, headDim = 64;
    QuantizeSettings quantize; ///< knobs, device, threads, tokens; no paths
};

struct StageSeconds {
    std::string group; ///< "attn_in"
    std::string stage; ///< "moments", then those of FitWatcher::step
    double seconds = 0.0;
};

struct BlockBenchResult {
    std::vector<StageSeconds> stages; ///< in their order; weights are made outside of them
    double seconds = 0.0;             ///< their sum
    std::int64_t weights = 0;
};

/// Hears each stage as it ends. Throws what quantizing a group throws, Cancelled.
using BlockBenchJob = Job<BlockBenchSettings, StageSeconds, BlockBenchResult>;

} // namespace bwla
