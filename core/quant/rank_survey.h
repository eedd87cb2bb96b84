// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/model_source.h"
#include "core/quant/calibration.h"
#include "core/quant/quantize_settings.h"
#include "core/quant/rank_budget.h"

#include <functional>
#include <stop_token>

namespace bwla {

/// What low rank is worth to each group before anything is quantized, in nats of KL a token: the
/// original's own gradients say how much an error of a group's outputs matters (gradient_walk.h,
/// diagonal), a quick fit of signs and scales what
/// error would be left, and its singular values in that metric what each rank would take away
/// (docs/method.md, "Rank by budget"). One pass through the model and one back, block by block.
/// `progress` hears 0..1. Throws Cancelled, Error{numeric}.
[[nodiscard]] RankWorth surveyRanks(const ModelSource& model, const Calibration& calibration,
                                    const QuantizeSettings& settings,
                                    const std::function<void(double)>& progress,
                                    const std::stop_token& stop);

} // namespace bwla
