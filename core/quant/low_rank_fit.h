// SPDX-License-Identifier: GPL-3.0-or-later
//
// PSP, the Proximal SVD Projection (BWLA, arXiv 2605.00422, section 4; exact statements in
// docs/method.md): W' ~ binary + L with L of rank k, in the plain metric.
#pragma once

#include "core/quant/binarizer.h"
#include "core/quant/low_rank.h"

#include <functional>

namespace bwla {

struct LowRankFitSettings {
    int rank = 12;
    int rounds = 8;
    LevelOptions levels;
};

/// Hard form: L = SVD_k(W' - binary), then signs and scales of W' - L, alternating. `objective`
/// hears |W' - L - binary|^2 after every round; it never rises.
[[nodiscard]] BinaryFit lowRankFitHard(const Matrix& w, const LowRankFitSettings& settings,
                                       const std::function<void(double)>& objective = {});

/// The paper's form: L <- D^-1 SVD_k(D (W' - T + rho L) / (1 + rho)), D = diag(1/s_i),
/// T_ij = c_i tanh(c_i (W' - L)_ij / s_i^2), then c and s by the bounded M-step on W' - L. The
/// log-likelihood of W' - L, which `objective` hears, never falls. Signs and scales of the result
/// are fitted to W' - L at the end.
[[nodiscard]] BinaryFit lowRankFitSoft(const Matrix& w, const LowRankFitSettings& settings,
                                       const std::function<void(double)>& objective = {});

} // namespace bwla
