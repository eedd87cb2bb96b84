// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/kronecker_fit.h"

#include "core/quant/mixture_levels.h"
#include "core/quant/polar_factor.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace bwla {
namespace {

/// The fit's state: all rows as n matrices (m1, m2), in both orders.
class Fit {
public:
    Fit(const at::Tensor& w, KroneckerRotation start, const KroneckerFitSettings& settings)
        : settings_(settings), n_(w.size(0)), a_(start.r1.rows()), b_(start.r2.rows()),
          rows_(w.contiguous()), swapped_(w.view({n_, a_, b_}).transpose(1, 2).contiguous()),
          energy_((w * w).sum(1, true)), r1_(start.r1.tensor()), r2_(start.r2.tensor()) {
        levels_ = initialLevels(rotateRows(Matrix(w), start).tensor());
    }

    void updateFirst() {
        // (V_i R2)' as rows: (n * m2, m1), so that W'_i' = (V_i R2)' R1.
        const at::Tensor right = at::matmul(rows_.view({n_ * a_, b_}), r2_).view({n_, a_, b_});
        const at::Tensor half = right.transpose(1, 2).reshape({n_ * b_, a_});
        r1_ = solve(half, at::matmul(half, r1_), a_);
    }

    void updateSecond() {
        // R1' V_i as rows: (n * m1, m2), so that W'_i = (R1' V_i) R2.
        const at::Tensor left = at::matmul(swapped_.view({n_ * b_, a_}), r1_).view({n_, b_, a_});
        const at::Tensor half = left.transpose(1, 2).reshape({n_ * a_, b_});
        r2_ = solve(half, at::matmul(half, r2_), b_);
    }

    [[nodiscard]] KroneckerRotation rotation() const { return {Matrix(r1_), Matrix(r2_)}; }

    [[nodiscard]] double objective(std::int64_t rows) const {
        const std::int64_t count = rows == 0 ? n_ : std::min(rows, n_);
        const at::Tensor index =
            (at::arange(count, at::kLong) * n_ / count).to(at::kLong).to(rows_.device());
        const at::Tensor w = rotateRows(Matrix(rows_.index_select(0, index)), rotation()).tensor();
        if (settings_.mode == OktMode::soft) {
            const MixtureLevels levels{levels_.c.index_select(0, index),
                                       levels_.s2.index_select(0, index)};
            return mixtureLogLikelihood(w, levels) / static_cast<double>(w.numel());
        }
        const at::Tensor w64 = w.to(at::kDouble);
        const at::Tensor c = w64.abs().mean(1, true);
        return ((w64 - c * at::sign(w64)).square().sum() / w64.square().sum()).item<double>();
    }

private:
    /// E-step and levels on `rotated`, then the factor that maximises the linear term
    /// sum_i omega_i <Z_i, half_i Q>. The order of the m values of a row does not matter to either.
    at::Tensor solve(const at::Tensor& half, const at::Tensor& rotated, std::int64_t size) {
        const at::Tensor w = rotated.view({n_, a_ * b_});
        at::Tensor weighted;
        if (settings_.mode == OktMode::soft) {
            const at::Tensor r = at::tanh(w * (levels_.c / levels_.s2));
            levels_ = boundedLevels(energy_, (r * w).sum(1, true), static_cast<double>(a_ * b_));
            weighted = r * (levels_.c / levels_.s2);
        } else {
            weighted = at::sign(w) * w.abs().mean(1, true);
        }
        return polarFactor(at::matmul(half.t(), weighted.reshape({-1, size})));
    }

    KroneckerFitSettings settings_;
    std::int64_t n_, a_, b_;
    at::Tensor rows_;    // (n, m1 * m2)
    at::Tensor swapped_; // (n, m2, m1)
    at::Tensor energy_;  // (n, 1), invariant under rotation
    at::Tensor r1_, r2_;
    MixtureLevels levels_;
};

} // namespace

KroneckerRotation kroneckerFit(const Matrix& w, KroneckerRotation start,
                               const KroneckerFitSettings& settings,
                               const std::function<void(const KroneckerProgress&)>& progress) {
    Fit fit(w.tensor(), std::move(start), settings);
    const auto report = [&](int halfRound) {
        if (progress)
            progress({halfRound, fit.rotation(),
                      [&](std::int64_t rows) { return fit.objective(rows); }});
    };
    report(0);
    for (int round = 0; round < settings.rounds; ++round) {
        fit.updateFirst();
        report(2 * round + 1);
        fit.updateSecond();
        report(2 * round + 2);
    }
    return fit.rotation();
}

} // namespace bwla
