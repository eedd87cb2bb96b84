// SPDX-License-Identifier: GPL-3.0-or-later
//
// Fit of signs, scales and low rank in the metric of the inputs, H = E[x'' x''']: block descent on
// F = tr(E H E'), E = W' - (a S + mu) b - A B. Every step is exact for its block or a proposal
// (GPTQ), and is undone if F rises (design 2, PSP in the H metric).
#pragma once

#include "core/quant/binary_fit.h"
#include "core/quant/row_sweeps.h"

#include <functional>
#include <string>

namespace bwla {

struct MetricFitSettings {
    int rank = 12;
    bool columnScales = true;
    int gptqRounds = 3;
    int flipRounds = 4;
    int sweeps = 2; ///< of flips in a round
};

/// Hears the name of each finished step and F after it; F never rises.
using StepObserver = std::function<void(const std::string& step, double f)>;

/// y (n, m). `start` gives signs, scales, means (kept in use when
/// present) and a low-rank part.
[[nodiscard]] BinaryFit metricFit(const Matrix& y, const InputMetric& h, const BinaryFit& start,
                                  const MetricFitSettings& settings,
                                  const StepObserver& observer = {});

/// One low-rank solve and one row-scale solve: building blocks for rounding to storage types.
class MetricState {
public:
    MetricState(const Matrix& y, const InputMetric& h, BinaryFit fit);

    [[nodiscard]] const BinaryFit& fit() const { return fit_; }
    [[nodiscard]] double f() const { return f_; }
    /// Rise of F when a sign alone is turned, clamped at 0, (n, m): latent margins of refinement.
    [[nodiscard]] Matrix flipMargins() const;

    // Each returns the next state; none changes this one.
    [[nodiscard]] MetricState withRowScales() const;
    [[nodiscard]] MetricState withRowMeans() const;
    [[nodiscard]] MetricState withColumnScales() const;
    [[nodiscard]] MetricState withFlips(const std::vector<std::int64_t>& order, int sweeps) const;
    [[nodiscard]] MetricState withSigns(const Matrix& signs) const;
    [[nodiscard]] MetricState withLowRank(int rank) const;
    /// Any other fit of the same problem.
    [[nodiscard]] MetricState with(BinaryFit fit) const { return {y_, h_, std::move(fit)}; }

private:
    [[nodiscard]] FlippedSigns flipAlone() const;
    void measure(); ///< f_ from the gradient
    /// gradient_ + a ph_ + mu b H: the part of the gradient that signs and scales do not touch.
    [[nodiscard]] at::Tensor fixedPart() const;
    /// Takes `fit`, whose signs or column scales changed, and follows with one (n, m) x (m, m)
    /// product.
    void change(BinaryFit fit);

    Matrix y_;
    InputMetric h_;
    BinaryFit fit_;
    Matrix gradient_; ///< E H
    Matrix ph_;       ///< (S b) H; kept, because three of four steps need it and it costs a product
    double f_ = 0.0;
};

} // namespace bwla
