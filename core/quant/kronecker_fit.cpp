// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/kronecker_fit.h"

#include "core/quant/mixture_levels.h"
#include "core/quant/polar_factor.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace bwla {
namespace {

/// mu over the largest eigenvalue of H. At 1 the error in the metric never rises if columns of b
/// are orthogonal; .1 left less of it after 30 rounds (960 x 576 random weights).
constexpr double stepOfMetric = 0.1;

/// The fit's state: all rows as n matrices (m1, m2), in both orders.
class Fit {
public:
    Fit(const at::Tensor& w, const Matrix& h, KroneckerRotation start,
        const KroneckerFitSettings& settings)
        : settings_(settings), n_(w.size(0)), a_(start.r1.rows()), b_(start.r2.rows()),
          rows_(w.contiguous()), swapped_(swap(w)), energy_((w * w).sum(1, true)),
          r1_(start.r1.tensor()), r2_(start.r2.tensor()) {
        levels_ = initialLevels(rotateRows(Matrix(w), start).tensor());
        if (h.empty())
            return;
        metric_ = h.tensor();
        stay_ = stepOfMetric * at::linalg_eigvalsh(metric_.to(at::kDouble)).max().item<double>();
    }

    void updateFirst() {
        // (V_i R2)' as rows: (n * m2, m1), so that W'_i' = (V_i R2)' R1.
        const auto half = [this](const at::Tensor& rows) {
            const at::Tensor right = at::matmul(rows.view({n_ * a_, b_}), r2_);
            return right.view({n_, a_, b_}).transpose(1, 2).reshape({n_ * b_, a_});
        };
        const at::Tensor own = half(rows_);
        const Assignment assigned = assign(at::matmul(own, r1_));
        const at::Tensor means = assigned.means.view({n_, b_, a_}).transpose(1, 2);
        r1_ = solve(metric_.defined() ? half(pulled(means)) : own, assigned, a_);
    }

    void updateSecond() {
        // R1' V_i as rows: (n * m1, m2), so that W'_i = (R1' V_i) R2.
        const auto half = [this](const at::Tensor& swapped) {
            const at::Tensor left = at::matmul(swapped.view({n_ * b_, a_}), r1_);
            return left.view({n_, b_, a_}).transpose(1, 2).reshape({n_ * a_, b_});
        };
        const at::Tensor own = half(swapped_);
        const Assignment assigned = assign(at::matmul(own, r2_));
        r2_ = solve(metric_.defined() ? half(swap(pulled(assigned.means))) : own, assigned, b_);
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
    struct Assignment {
        at::Tensor means;    // b: (n, m1 * m2) in the order of the rotated values; for a metric
        at::Tensor weighted; // omega b, likewise
    };

    /// E-step and levels. The order of the m values of a row does not matter to them.
    Assignment assign(const at::Tensor& rotated) {
        const at::Tensor w = rotated.view({n_, a_ * b_});
        if (settings_.mode == OktMode::hard) {
            const at::Tensor means = at::sign(w) * w.abs().mean(1, true);
            return {means, means};
        }
        const at::Tensor r = at::tanh(w * (levels_.c / levels_.s2));
        levels_ = boundedLevels(energy_, (r * w).sum(1, true), static_cast<double>(a_ * b_));
        return {metric_.defined() ? r * levels_.c : r, r * (levels_.c / levels_.s2)};
    }

    /// The factor Q that maximises the linear term sum_i omega_i <Z_i, half_i Q>.
    static at::Tensor solve(const at::Tensor& half, const Assignment& assigned, std::int64_t size) {
        return polarFactor(at::matmul(half.t(), assigned.weighted.reshape({-1, size})));
    }

    /// (w - b R') H + mu b R' (n, m1 * m2); means: n matrices (m1, m2).
    [[nodiscard]] at::Tensor pulled(const at::Tensor& means) const {
        const KroneckerRotation back{Matrix(r1_.t().contiguous()), Matrix(r2_.t().contiguous())};
        const at::Tensor hat = rotateRows(Matrix(means.reshape({n_, a_ * b_})), back).tensor();
        return at::matmul(rows_ - hat, metric_) + stay_ * hat;
    }

    [[nodiscard]] at::Tensor swap(const at::Tensor& rows) const {
        return rows.view({n_, a_, b_}).transpose(1, 2).contiguous();
    }

    KroneckerFitSettings settings_;
    std::int64_t n_, a_, b_;
    at::Tensor rows_;    // (n, m1 * m2)
    at::Tensor swapped_; // (n, m2, m1)
    at::Tensor energy_;  // (n, 1), invariant under rotation
    at::Tensor metric_;  // (m1 * m2, m1 * m2), undefined for the plain fit
    double stay_ = 0.0;  // mu
    at::Tensor r1_, r2_;
    MixtureLevels levels_;
};

} // namespace

KroneckerRotation kroneckerFit(const Matrix& w, KroneckerRotation start,
                               const KroneckerFitSettings& settings,
                               const std::function<void(const KroneckerProgress&)>& progress,
                               const Matrix& h) {
    Fit fit(w.tensor(), h, std::move(start), settings);
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
