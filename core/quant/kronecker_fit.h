// SPDX-License-Identifier: GPL-3.0-or-later
//
// OKT, the Orthogonal-Kronecker Transformation (BWLA, arXiv 2605.00422, section 3; exact statements
// in docs/method.md): the rotation that makes each row of W' = W R an equal mixture of
// N(+c_i, s_i^2) and N(-c_i, s_i^2), by EM with conditional maximisation.
#pragma once

#include "core/quant/quantize_settings.h"
#include "core/quant/rotation.h"

#include <functional>
#include <vector>

namespace bwla {

struct KroneckerFitSettings {
    OktMode mode = OktMode::soft;
    int rounds = 20;
};

/// Bounds of s relative to c. Without the upper one rows of kurtosis 3 and more collapse to c = 0;
/// clamping s alone lets the likelihood fall, so both are set together (boundedLevels).
inline constexpr double spreadLow = 0.25;
inline constexpr double spreadHigh = 0.75;

/// State after a half round, 1 .. 2 * rounds; 0 = the start.
struct KroneckerProgress {
    int halfRound = 0;
    const KroneckerRotation& rotation;
    /// What the mode optimises, per weight: soft, the log-likelihood (never falls); hard,
    /// |w' - c sign w'|^2 / |w'|^2 (never rises). Over so many evenly spaced rows, 0 = all: that
    /// costs as much as the half round did, 64 rows next to nothing.
    std::function<double(std::int64_t rows)> objective;
};

/// Learns R1, R2 on the rows of w (n, m1*m2), all linears of a group stacked, starting from
/// `start`. A round updates R1, then R2, each from a fresh E-step (soft: r = tanh(c w'/s^2),
/// hard: r = sign w'), levels, and a Procrustes problem weighted by c/s^2 (hard: c).
/// `h` (m1*m2, m1*m2), if given: of tr((w - b R') H (w - b R')'), b = c r, instead of |w - b R'|^2.
/// A round then takes (w - b R') H + mu b R' where it would take w, a step of gradient descent
/// whose length mu says; so the objective may get worse on the way. `progress`, if given, hears
/// after every half round.
[[nodiscard]] KroneckerRotation
kroneckerFit(const Matrix& w, KroneckerRotation start, const KroneckerFitSettings& settings,
             const std::function<void(const KroneckerProgress&)>& progress = {},
             const Matrix& h = {});

} // namespace bwla
