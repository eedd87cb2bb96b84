// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/model_source.h"
#include "core/quant/quantize_settings.h"
#include "core/quant/self_prompts.h"

#include <array>
#include <cstdint>
#include <functional>
#include <span>
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

inline constexpr std::int64_t calibrationWindow = 2048; ///< tokens
inline constexpr std::int64_t selfSample = 256;         ///< tokens of a self-written sample

/// settings.calibration: "self" = the float model writes, temperature 1, fixed seed (selfPrompts);
/// FILE = the first windows of the text, encoded once, no BOS; FILE+self = both, settings.fileShare
/// of the windows from the file, at least one of each; where it is shorter, the model writes more.
/// Self-written samples stand one after another in windows as long as the file's, so that first
/// tokens, whose activations are massive, weigh alike in both. `progress` hears 0..1.
/// Throws Error{notFound, badText, textTooShort, missingTokenizer}, Cancelled.
[[nodiscard]] Calibration makeCalibration(const ModelSource& model,
                                          const QuantizeSettings& settings,
                                          const std::function<void(double)>& progress,
                                          std::stop_token stop);

[[nodiscard]] bool hasSelf(const QuantizeSettings& settings);
/// The calibration file's tokens, all of them; empty for "self".
[[nodiscard]] std::vector<std::int32_t> calibrationText(const ModelSource& model,
                                                        const QuantizeSettings& settings);
/// The first whole windows of `ids`, at most `most`, one starting `stride` tokens after the other
/// (0: where it ends).
[[nodiscard]] std::vector<std::vector<std::int32_t>> windowsOf(std::span<const std::int32_t> ids,
                                                               std::int64_t window,
                                                               std::int64_t most,
                                                               std::int64_t stride = 0);

/// What calibrates: half of it goes on from the file's text, where there is one (as in the study).
inline constexpr std::array calibrationOpenings{Opening::nothing, Opening::question, Opening::piece,
                                                Opening::piece};

struct SelfText {
    std::int64_t window = calibrationWindow;
    std::int64_t sample = selfSample;
    std::int64_t tokens = 0;                 ///< in all; at least one window is written
    std::span<const std::int32_t> continued; ///< text that pieces are from, or none
    std::span<const Opening> openings = calibrationOpenings;
    std::int64_t pieceTokens = 24; ///< as in the study
};

/// Self-written windows. Throws Cancelled, Error{missingTokenizer}.
[[nodiscard]] std::vector<std::vector<std::int32_t>>
selfWindows(const ModelSource& model, const SelfText& wanted, const QuantizeSettings& settings,
            const std::function<void(double)>& progress, std::stop_token stop);

/// What names a calibration in a recipe, known before anything is generated: "self" or the hash of
/// the text.
[[nodiscard]] std::string calibrationIdentity(const QuantizeSettings& settings);

} // namespace bwla
