// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/quantized_block.h"
#include "core/quant/binary_fit.h"
#include "core/quant/metric_fit.h"

#include <cstdint>
#include <vector>

namespace bwla {

struct StoredFitSettings {
    int rank = 12;
    int sweeps = 2;
    bool columnScales = true;
};

/// Rounds a fit to storage types step by step, refitting what is still free after each: b to F16,
/// low rank to int8 (B divided by b) with F16 scales, row scales to F16, and the signs last, given
/// everything else as stored. `outputs` are the rows of the group's linears in order.
///
/// Fills all of `group` but rotation and clip. Returns the fit with the stored values, in the frame
/// of y, for reports.
[[nodiscard]] BinaryFit storeFit(const Matrix& y, const InputMetric& h, const BinaryFit& fit,
                                 const std::vector<std::int64_t>& outputs,
                                 const StoredFitSettings& settings, QuantizedGroup& group);

} // namespace bwla
