// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/model_source.h"
#include "core/quant/quantize_settings.h"

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

namespace bwla {

/// Token windows that the moments are measured on. Windows of one length stand together.
struct Calibration {
    std::vector<std::vector<std::int32_t>> windows;
    std::string description; ///< "self", or the XXH3-128 of the text (and "+self")
    [[nodiscard]] std::int64_t tokens() const;
};

inline constexpr std::int64_t fileWindow = 2048; ///< tokens of a window of a text file
inline constexpr std::int64_t selfWindow = 256;  ///< tokens of a self-written sequence

/// settings.calibration: "self" = the float model writes, temperature 1, fixed seed, half from an
/// empty prompt and half as chats; FILE = the first windows of the text, encoded once, no BOS;
/// FILE+self = half of the tokens each. `progress` hears 0..1.
/// Throws Error{notFound, badText, textTooShort, missingTokenizer}, Cancelled.
[[nodiscard]] Calibration makeCalibration(const ModelSource& model,
                                          const QuantizeSettings& settings,
                                          const std::function<void(double)>& progress,
                                          std::stop_token stop);

/// What names a calibration in a recipe, known before anything is generated: "self" or the hash of
/// the text.
[[nodiscard]] std::string calibrationIdentity(const QuantizeSettings& settings);

} // namespace bwla
