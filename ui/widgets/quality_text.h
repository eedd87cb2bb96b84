// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/quant/measured_quality.h"

#include <QString>

namespace bwla::ui {

/// What was measured of such a run, or of the nearest to it, in a sentence.
[[nodiscard]] QString qualityText(const ModelConfig& config, const QuantizeSettings& settings);

} // namespace bwla::ui
