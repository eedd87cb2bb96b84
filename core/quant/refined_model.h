// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/quantized_block.h"

#include <vector>

namespace bwla {

/// What refinement starts from and ends in: storage types, as the artifact holds them.
struct RefinedModel {
    std::vector<QuantizedBlock> blocks;
    std::vector<float> finalNorm; ///< F32 [width]
};

} // namespace bwla
