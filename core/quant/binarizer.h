// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/quant/binary_fit.h"

namespace bwla {

struct LevelOptions {
    bool columnScales = true;
    bool rowMeans = false;
};

/// Signs, row scales, column scales (ARB-RC, Li et al. 2025) and row means of z (n, m) by
/// alternating least squares in the plain metric; |z - (a S + mu) b|^2 never rises. `start` warm
/// starts the column scales and means (may be default). No low-rank part.
[[nodiscard]] BinaryFit alternateLevels(const Matrix& z, int rounds, const LevelOptions& options,
                                        const BinaryFit& start = {});

} // namespace bwla
