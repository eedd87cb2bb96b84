// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/quant/block_bench.h"

#include <memory>

namespace bwla {

[[nodiscard]] std::unique_ptr<BlockBenchJob> makeTorchBlockBench();

} // namespace bwla
