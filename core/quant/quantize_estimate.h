// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a quantization will give and cost, before it runs. Bits and bytes follow from shapes and
// settings alone and equal the finished artifact's; time and memory are scaled from the one run in
// docs/measurements.md ("Time and speed") and therefore ranges.
#pragma once

#include "core/model/artifact.h"
#include "core/model/model_config.h"
#include "core/quant/quantize_settings.h"

#include <cstdint>
#include <optional>

namespace bwla {

struct EstimateRange {
    double low = 0.0;
    double high = 0.0;
};

struct QuantizeEstimate {
    BitsLedger ledger; ///< exact; otherBits holds the other tensors, without headers and tokenizer
    std::int64_t linearBytes = 0; ///< exact: linears of the blocks, with all that belongs to them
    std::int64_t embeddingBytes = 0;      ///< exact: embeddings, untied head, norms
    std::optional<EstimateRange> seconds; ///< nothing where this device was never measured
    /// Resident memory of the program; nothing with a refinement, which was not measured yet.
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

/// A perplexity that was measured for this very size and these settings (docs/measurements.md):
/// validation slice of WikiText-2, 12 windows of protocol gptq-2048.
struct MeasuredQuality {
    double before = 0.0; ///< float
    double after = 0.0;
};
[[nodiscard]] std::optional<MeasuredQuality> measuredQuality(const ModelConfig& config,
                                                             const QuantizeSettings& settings);

} // namespace bwla
