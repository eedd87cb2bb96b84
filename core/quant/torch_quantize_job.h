// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/quant/quantize_job.h"

namespace bwla {

[[nodiscard]] std::unique_ptr<QuantizeJob> makeTorchQuantizeJob();

} // namespace bwla
