// SPDX-License-Identifier: GPL-3.0-or-later
//
// Levels c and spreads s of rows modelled as equal mixtures of N(+c, s^2) and N(-c, s^2); shared by
// OKT and by the likelihood form of PSP. Torch side; include from .cpp files of bwla_quant only.
#pragma once

#include "core/quant/kronecker_fit.h"

#include <ATen/ATen.h>

namespace bwla {

/// Column vectors (n, 1).
struct MixtureLevels {
    at::Tensor c;
    at::Tensor s2;
};

/// M-step for rows of m values given a = sum w'^2 and b = sum r w' per row, (n, 1): the maximum of
/// the expected likelihood subject to spreadLow c <= s <= spreadHigh c. On a violated bound k it is
/// c = (-b + sqrt(b^2 + 4 m k^2 a)) / (2 m k^2), s = k c.
[[nodiscard]] MixtureLevels boundedLevels(const at::Tensor& a, const at::Tensor& b, double m);

/// Log-likelihood of rows w (n, m) under levels, summed in double.
[[nodiscard]] double mixtureLogLikelihood(const at::Tensor& w, const MixtureLevels& levels);

/// Levels to start EM from: c = mean |w|, s = c / 2.
[[nodiscard]] MixtureLevels initialLevels(const at::Tensor& w);

} // namespace bwla
