// SPDX-License-Identifier: GPL-3.0-or-later
//
// Perplexities that were measured, the one table of them in the program: validation slice of
// WikiText-2, 12 windows of protocol gptq-2048 (docs/quality.md, docs/measurements.md).
#pragma once

#include "core/model/model_config.h"
#include "core/quant/quantize_settings.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace bwla {

struct MeasuredQuality {
    double before = 0.0; ///< float
    double after = 0.0;
    std::string_view device;      ///< "2 cores", "one H200"
    std::string_view calibration; ///< "self", or "text+self": WikiText-2's training text too
    std::int64_t tokens = 0;      ///< of calibration
    double fileShare = 0.0;       ///< of WikiText-2's in it
    double klMinutes = 0.0;       ///< of training the whole model
};

/// For this very size and these settings.
[[nodiscard]] std::optional<MeasuredQuality> measuredQuality(const ModelConfig& config,
                                                             const QuantizeSettings& settings);

/// For this very size and these settings but for calibration, device and length of the training:
/// what the preset can reach, to be named together with where it was measured.
[[nodiscard]] std::optional<MeasuredQuality> similarQuality(const ModelConfig& config,
                                                            const QuantizeSettings& settings);

/// The model that all of it was measured on, SmolLM2-135M.
[[nodiscard]] const ModelConfig& measuredModel();

} // namespace bwla
