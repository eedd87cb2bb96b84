// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a quantization will give and cost, before it runs. Bits and bytes follow from shapes and
// settings alone and equal the finished artifact's; time and memory are scaled from the runs in
// docs/measurements.md ("Time and speed") and docs/quality.md and therefore ranges.
#pragma once

#include "core/model/artifact.h"
#include "core/model/model_config.h"
#include "core/quant/quantize_settings.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace bwla {

struct EstimateRange {
    double low = 0.0;
    double high = 0.0;
};

struct QuantizeEstimate {
    /// Exact, or with a budget of ranks what it allows; otherBits holds the other tensors, without
    /// headers and tokenizer.
    BitsLedger ledger;
    std::int64_t linearBytes = 0; ///< exact: linears of the blocks, with all that belongs to them
    std::int64_t embeddingBytes = 0; ///< exact: embeddings, untied head, norms
    std::optional<EstimateRange> seconds;
    /// Where the runs ran that time and memory are scaled from: "2 cores", "one H200".
    std::string_view measuredOn;
    /// Resident memory of the program; nothing where signs are trained on a processor, which was
    /// not measured yet.
    std::optional<EstimateRange> peakBytes;
    std::int64_t diskBytes = 0; ///< while running: journal and artifact side by side

    [[nodiscard]] std::int64_t tensorBytes() const { return linearBytes + embeddingBytes; }
};

struct Machine {
    std::int64_t cores = 1;   ///< physical
    bool fastBfloat16 = true; ///< calibration text is written with 2-byte weights
};
[[nodiscard]] Machine thisMachine();

/// `fileBytes` of the original, which stays mapped. Throws Error{badArgument} as rotationFactors
/// and FloatParts::check.
[[nodiscard]] QuantizeEstimate estimateQuantization(const ModelConfig& config,
                                                    const QuantizeSettings& settings,
                                                    std::int64_t fileBytes, const Machine& machine);

} // namespace bwla
