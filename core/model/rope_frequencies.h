// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/json_text.h"

#include <cstdint>
#include <vector>

namespace bwla {

/// Rotary frequencies theta^(-2i / headDim), i = 0 .. headDim / 2 - 1 (Su et al. 2021, RoFormer),
/// after `scaling`, the value of Hugging Face's rope_scaling: "default", "linear", "llama3" (the
/// Llama 3.1 rule: long waves are slowed by `factor`, short ones kept, between them a ramp), or our
/// own "divisors", a list that a GGUF file stores as rope_freqs.weight.
/// Throws Error{unsupportedFamily} naming any other type, Error{corrupt} for bad parameters.
[[nodiscard]] std::vector<float> ropeFrequencies(std::int64_t headDim, double theta,
                                                 const JsonObject& scaling);

/// The rope_scaling that divides the frequencies by `divisors` [headDim / 2]: "llama3" with Meta's
/// published constants where they give these numbers, else "divisors".
[[nodiscard]] Json ropeScalingOf(const std::vector<float>& divisors, double theta);

} // namespace bwla
