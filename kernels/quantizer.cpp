// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/quantizer.h"

#include <algorithm>
#include <cmath>

namespace bwla {

QuantizerGrid quantizerGrid(float least, float most, const QuantizerSpec& spec) {
    const auto levels = static_cast<float>((1 << spec.bits) - 1);
    const float low = spec.clipLow * least;
    const float high = spec.clipHigh * most;
    const float scale = high == low ? 1.0F : (high - low) / levels;
    const float zero = std::nearbyint(-low / scale);
    return {scale, zero > 0.0F ? std::min(zero, levels) : 0.0F, levels}; // NaN becomes 0
}

} // namespace bwla
