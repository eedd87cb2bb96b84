// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/quant/quantize_settings.h"

#include <string>

namespace bwla {

/// What `--factors` says of these settings: "equal", "wide" or "attn_in=4x144,mlp_in=2x288".
[[nodiscard]] std::string factorsText(const QuantizeSettings& settings);

/// Reads it: a rule, or groups whose factors are not the rule's (which stays what it was). Throws
/// Error{badArgument}; whether the factors multiply to a model's inputs, rotationFactors() says.
void setFactors(QuantizeSettings& settings, const std::string& text);

} // namespace bwla
