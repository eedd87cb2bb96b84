// SPDX-License-Identifier: GPL-3.0-or-later
//
// Include from .cpp files of bwla_quant only.
#pragma once

#include "core/quant/training_check.h"

#include <functional>
#include <string>

namespace bwla {

/// Every function of fused_ops.h and cpu_ops.h, forward and gradients, at the shapes of the default model and at
/// odd ones, against libtorch in float32 on the same values. It is right if it is as near as
/// libtorch's own operations of that type are: at most a quarter farther. About a second of a GPU;
/// a CPU gets smaller shapes.
void checkFusedOps(const std::string& device, const std::function<void(TrainingCheck)>& found);

} // namespace bwla
