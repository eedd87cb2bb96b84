// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <cstdint>

namespace bwla {

/// Block reconstruction, between the closed form and the KL of the whole model
/// (docs/method.md).
struct ReconstructionSettings {
    std::int64_t epochs = 0;     ///< over its windows; 0 = none
    std::int64_t tokens = 0;     ///< of its windows, 8 % of which are held out; 0 = 768 windows
    std::int64_t stepTokens = 0; ///< at least a window; 0 = 4 windows
    /// In units of a row's mean |latent|: 1e-3 turned nothing in the study, 1e-1 forgets; 0 = signs
    /// stay.
    double latentRate = 2e-2;

    [[nodiscard]] std::int64_t windows(std::int64_t windowTokens) const {
        return tokens > 0 ? std::max<std::int64_t>(2, tokens / windowTokens) : 768;
    }
    [[nodiscard]] std::int64_t windowsAStep(std::int64_t windowTokens) const {
        return stepTokens > 0 ? std::max<std::int64_t>(1, stepTokens / windowTokens) : 4;
    }
    double quantizedShare = 0.25; ///< of the steps, with rounded activations
};

/// Sent after each block. Errors are of held-out windows at 16-bit activations: weighted squared
/// distance of the block's output from the original's, in units of what the original block adds.
struct ReconstructedBlock {
    std::int64_t block = 0;
    std::int64_t of = 0;
    double errorBefore = 0.0;
    double errorAfter = 0.0;
    double flippedSigns = 0.0; ///< share
    double seconds = 0.0;
};

} // namespace bwla
