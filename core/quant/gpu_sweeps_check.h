// SPDX-License-Identifier: GPL-3.0-or-later
//
// Include from .cpp files of bwla_quant only.
#pragma once

#include "core/quant/training_check.h"

#include <functional>
#include <string>

namespace bwla {

/// Sweeps of flips and GPTQ (row_sweeps.h) and polar factors on the device against the host's: what
/// is left of tr(E H E') may differ by a thousandth, since a sign that hardly matters may fall
/// either way; the gradient that comes back belongs to the signs that come back.
void checkSweeps(const std::string& device, const std::function<void(TrainingCheck)>& found);

} // namespace bwla
