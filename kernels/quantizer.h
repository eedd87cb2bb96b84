// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "kernels/kernel_types.h"

namespace bwla {

struct QuantizerGrid {
    float scale;  ///< s
    float zero;   ///< z, integral, 0 .. levels
    float levels; ///< 2^bits - 1
};

/// Scale and zero of a row whose least and greatest values are `least` <= 0 and `most` >= 0
/// (design 2, A6). Compiled once, for the baseline processor: the levels that have fused
/// multiply-add would contract high - low into one and disagree in the last bit.
[[nodiscard]] QuantizerGrid quantizerGrid(float least, float most, const QuantizerSpec& spec);

} // namespace bwla
