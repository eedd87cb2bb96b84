// SPDX-License-Identifier: GPL-3.0-or-later
//
// Include from .cpp files of bwla_quant only.
#pragma once

#include "core/quant/trainable_model.h"
#include "core/quant/training_check.h"

#include <functional>
#include <string>

namespace bwla {

/// One step's KL and gradients of `start` towards `source` on ids (windows, tokens), whose device
/// is the step's: by our kernels and by libtorch's operations in `place.type`, and in float32.
/// Gradients are compared a kind of parameter at a time, by direction and by length; ours are right
/// if they are as near to float32 as libtorch's. Checks are named `name` + what they compare.
void checkTrainingStep(const ModelSource& source, const RefinedModel& start, const at::Tensor& ids,
                       const TrainingPlace& place, int bits, const std::string& name,
                       const std::function<void(TrainingCheck)>& found);

} // namespace bwla
