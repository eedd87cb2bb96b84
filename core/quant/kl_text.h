// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/model_source.h"
#include "core/quant/quantize_settings.h"

#include <cstdint>
#include <functional>
#include <stop_token>
#include <vector>

namespace bwla {

/// What the KL stage reads: token windows of one length, from the calibration's sources.
struct KlText {
    std::vector<std::vector<std::int32_t>> file; ///< the whole text of --calibration FILE
    std::vector<std::vector<std::int32_t>> self; ///< written by the float model
    double fileShare = 0.0;                      ///< of the windows drawn; 0 or 1 with one source
    /// Of either, never trained on: what the KL on them says is not learnt by heart.
    std::vector<std::vector<std::int32_t>> heldFile = {}, heldSelf = {};
};

struct KlTextSize {
    std::int64_t window = 512;     ///< tokens
    std::int64_t selfTokens = 0;   ///< to be written, if the calibration has "self"
    std::int64_t tokensToRead = 0; ///< that the stage will draw in all
    std::int64_t heldWindows = 0;  ///< of each source, at most a twentieth
};

/// Self-written samples are of at most 512 tokens, one after another in a window: continuations of
/// the file (where there is one), texts from an empty prompt, chats. The file's share is
/// settings.fileShare as long as that reads it no more than twice, else as much less, and never
/// below a tenth (a twentieth for signs, whose continuations hold more of it); read more often, its
/// windows start at every eighth of a window, so that they differ. Throws what makeCalibration
/// throws.
[[nodiscard]] KlText makeKlText(const ModelSource& model, const QuantizeSettings& settings,
                                const KlTextSize& size, const std::function<void(double)>& progress,
                                std::stop_token stop);

} // namespace bwla
