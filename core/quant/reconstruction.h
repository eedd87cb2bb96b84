// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace bwla {

/// Block reconstruction, between the closed form and the KL of the whole model
/// (docs/method.md).
struct ReconstructionSettings {
    std::int64_t epochs = 0;    ///< over its windows; 0 = none
    std::int64_t windows = 768; ///< of the text; 8 % of them are held out
    std::int64_t windowsAStep = 4;
    /// In units of a row's mean |latent|: 1e-3 turned nothing in the study, 1e-1 forgets.
    double latentRate = 2e-2;
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
