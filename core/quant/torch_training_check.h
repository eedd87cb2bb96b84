// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/quant/training_check.h"

#include <memory>

namespace bwla {

[[nodiscard]] std::unique_ptr<TrainingCheckJob> makeTorchTrainingCheck();

} // namespace bwla
