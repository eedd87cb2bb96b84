// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/quant/quantize_settings.h"

#include <string>
#include <vector>

namespace bwla {

/// Words of the command line that does what `settings` say, "quantize" first: the preset and what
/// differs from it. Knobs without an option keep the preset's value on either side.
[[nodiscard]] std::vector<std::string> quantizeCommand(const QuantizeSettings& settings);

/// Whether a knob of the recipe differs from the preset that `settings` name.
[[nodiscard]] bool isCustom(const QuantizeSettings& settings);

} // namespace bwla
