// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/quant/activation_budget.h"
#include "core/quant/calibration.h"
#include "core/quant/quantize_settings.h"
#include "core/quant/refined_model.h"

#include <functional>
#include <stop_token>

namespace bwla {

/// What rounding each group's inputs costs a finished model, in nats of KL a token (gradient_walk.h
/// on the quantized model itself, at A16), and the clip that costs least.
struct ActivationSurvey {
    RoundingLoss loss;
    /// By block, GroupKind and budgetActivationBits.
    std::vector<std::array<std::array<double, budgetActivationBits.size()>, groupCount>> clips;
};

/// One pass through the quantized model and one back. `progress` hears 0..1. Throws Cancelled.
[[nodiscard]] ActivationSurvey
surveyActivations(const ModelSource& source, const RefinedModel& model,
                  const Calibration& calibration, const QuantizeSettings& settings,
                  const std::function<void(double)>& progress, const std::stop_token& stop);

/// Gives each group the clip of its bits.
void setClips(RefinedModel& model, const ActivationSurvey& survey, const ActivationBits& bits);

} // namespace bwla
