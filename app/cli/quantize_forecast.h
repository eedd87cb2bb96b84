// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/cli/console.h"
#include "core/quant/measured_quality.h"
#include "core/quant/quantize_estimate.h"

#include <optional>
#include <string>

namespace bwla {

/// What a run will take and give, as far as that is known before it.
struct Forecast {
    QuantizeEstimate estimate;
    std::optional<MeasuredQuality> measured; ///< of such a run; never estimated
};

/// Of the model that `settings` names, on this machine. Throws what opening the model throws.
[[nodiscard]] Forecast forecastOf(const QuantizeSettings& settings);

/// The "estimate" line of --json's progress; what is not known is null.
[[nodiscard]] OrderedJson forecastEvent(const Forecast& forecast);
/// The same in one line for people.
[[nodiscard]] std::string forecastText(const Forecast& forecast);

} // namespace bwla
