// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/quant/binary_fit.h"
#include "core/quant/block_report.h"

namespace bwla {

struct GroupEvidence {
    const Matrix& weights;  ///< W of the original, (n, m)
    const Matrix& y;        ///< target in the rotated frame
    const BinaryFit& fit;   ///< as stored, in the frame of y
    const InputMetric& h;   ///< metric of the fit
    const Matrix& sample;   ///< inputs, (k, m)
    const Matrix& prepared; ///< the same as x''
};

/// The group's numbers, by the definitions of core/stats. Row statistics come from 64 rows, evenly
/// spaced over the stacked outputs.
[[nodiscard]] GroupReport reportGroup(const GroupEvidence& evidence);

} // namespace bwla
