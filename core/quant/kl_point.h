// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>

namespace bwla {

/// Where the refinement stands, sent about once a second.
struct KlPoint {
    std::int64_t tokens = 0; ///< read so far
    std::int64_t of = 0;
    double kl = 0.0; ///< KL(original | quantized), nats a token, mean since the last point
    double tokensPerSecond = 0.0;
    double flippedSigns = 0.0; ///< share, with the last point only
    /// KL on text that is not trained on, of the file and self-written: about twenty times a run.
    std::optional<double> heldOutFile, heldOutSelf;
};

} // namespace bwla
