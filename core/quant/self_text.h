// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/model_source.h"

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

namespace bwla {

/// Samples of the float model, as many at a time as memory allows: sequence i starts with
/// prompts[i] (at least one token) and is continued at temperature 1 to `length` tokens; ends of
/// answers do not stop it. The same seed gives the same text on the same kind of machine and thread
/// count. Throws Cancelled.
[[nodiscard]] std::vector<std::vector<std::int32_t>>
writeTexts(const ModelSource& model, const std::vector<std::vector<std::int32_t>>& prompts,
           std::int64_t length, std::uint64_t seed, const std::string& device,
           const std::function<void(double)>& progress, std::stop_token stop);

} // namespace bwla
