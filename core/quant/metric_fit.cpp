// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/metric_fit.h"

#include "core/quant/gram.h"
#include "core/quant/low_rank.h"

#include <ATen/ATen.h>

namespace bwla {
namespace {

constexpr int lowRankIterations = 3;
constexpr double columnRidge = 1e-4;    // lambda, share of the mean diagonal
constexpr double smallestColumn = 1e-3; // of the mean |b|
constexpr double gptqDamping = 0.01;    // share of the mean diagonal

at::Tensor residual(const Matrix& y, const BinaryFit& fit) {
    at::Tensor e = y.tensor() - binaryPart(fit).tensor();
    return fit.lowRankA.empty()
               ? e
               : at::addmm(e, fit.lowRankA.tensor(), fit.lowRankB.tensor(), 1.0, -1.0);
}

/// a S + mu, (n, m).
at::Tensor rowLevels(const BinaryFit& fit) {
    const at::Tensor levels = fit.signs.tensor() * fit.rowScale.tensor();
    return fit.rowMean.empty() ? levels : levels + fit.rowMean.tensor();
}

/// b of mean 1; the rows carry the size.
void normalise(BinaryFit& fit) {
    const at::Tensor gauge = fit.columnScale.tensor().mean();
    fit.columnScale = Matrix(fit.columnScale.tensor() / gauge);
    fit.rowScale = Matrix(fit.rowScale.tensor() * gauge);
    if (!fit.rowMean.empty())
        fit.rowMean = Matrix(fit.rowMean.tensor() * gauge);
}

/// (S b) H, (n, m).
Matrix binaryInput(const BinaryFit& fit, const InputMetric& h) {
    return h.times(Matrix(fit.signs.tensor() * fit.columnScale.tensor()));
}

/// mu (b H), (n, m).
at::Tensor meanInput(const BinaryFit& fit, const InputMetric& h) {
    return fit.rowMean.tensor() * h.times(fit.columnScale).tensor();
}

/// Upper Cholesky factor of the inverse of H, columns in `order`, slightly damped.
Matrix gptqFactor(const Matrix& h, const std::vector<std::int64_t>& order) {
    const at::Tensor index = at::tensor(order, at::kLong).to(h.tensor().device());
    at::Tensor ordered = h.tensor().to(at::kDouble).index_select(0, index).index_select(1, index);
    ordered = ordered + at::eye(ordered.size(0), ordered.options()) *
                            (ordered.diagonal().mean() * gptqDamping);
    const at::Tensor lower = choleskyFactor(Matrix(ordered)).tensor();
    const at::Tensor upper = at::linalg_cholesky(at::cholesky_inverse(lower)).t().contiguous();
    return Matrix(upper.to(h.tensor().scalar_type()));
}

} // namespace

MetricState::MetricState(const Matrix& y, const InputMetric& h, BinaryFit fit)
    : y_(y), h_(h), fit_(std::move(fit)), gradient_(h_.times(Matrix(residual(y_, fit_)))),
      ph_(binaryInput(fit_, h_)) {
    measure();
}

void MetricState::measure() {
    f_ = (residual(y_, fit_) * gradient_.tensor()).sum(at::kDouble).item<double>();
}

at::Tensor MetricState::fixedPart() const {
    const at::Tensor part = gradient_.tensor() + fit_.rowScale.tensor() * ph_.tensor();
    return fit_.rowMean.empty() ? part : part + meanInput(fit_, h_);
}

void MetricState::change(BinaryFit fit) {
    at::Tensor gradient = fixedPart();
    fit_ = std::move(fit);
    ph_ = binaryInput(fit_, h_);
    gradient = gradient - fit_.rowScale.tensor() * ph_.tensor();
    if (!fit_.rowMean.empty())
        gradient = gradient - meanInput(fit_, h_);
    gradient_ = Matrix(gradient);
    measure();
}

Matrix MetricState::flipMargins() const {
    const at::Tensor d =
        2.0 * fit_.rowScale.tensor() * fit_.columnScale.tensor() * fit_.signs.tensor();
    const at::Tensor rise = 2.0 * d * gradient_.tensor() +
                            (h_.isIdentity() ? d * d : d * d * h_.h().tensor().diagonal());
    return Matrix(rise.clamp_min(0.0));
}

MetricState MetricState::withRowScales() const {
    // With P = S b: F(a) = const - 2 a <z H, P> + a^2 <P H, P>, z H = G + a P H.
    const at::Tensor p = fit_.signs.tensor() * fit_.columnScale.tensor();
    const at::Tensor& ph = ph_.tensor();
    const at::Tensor& a = fit_.rowScale.tensor();
    const at::Tensor energy = (ph * p).sum(1, true).clamp_min(1e-30);
    const at::Tensor step = (gradient_.tensor() * p).sum(1, true) / energy;
    const at::Tensor next =
        at::where(a + step > 1e-8, a + step, a); // a sign is the flips' business
    MetricState state = *this;
    state.fit_.rowScale = Matrix(next);
    state.gradient_ = Matrix(gradient_.tensor() - (next - a) * ph);
    state.measure();
    return state;
}

MetricState MetricState::withRowMeans() const {
    const at::Tensor bh = h_.times(fit_.columnScale).tensor();
    const at::Tensor energy = (bh * fit_.columnScale.tensor()).sum();
    const at::Tensor step = (gradient_.tensor() * fit_.columnScale.tensor()).sum(1, true) / energy;
    MetricState state = *this;
    state.fit_.rowMean = Matrix(fit_.rowMean.tensor() + step);
    state.gradient_ = Matrix(gradient_.tensor() - step * bh);
    state.measure();
    return state;
}

MetricState MetricState::withColumnScales() const {
    // F(b) is quadratic: (H o P'P) b = colsum(P o (Y - L) H), P = a S + mu.
    const at::Tensor p = rowLevels(fit_);
    const at::Tensor& b = fit_.columnScale.tensor();
    const at::Tensor products = gram(p);
    const at::Tensor m =
        h_.isIdentity() ? at::diag(products.diagonal()) : h_.h().tensor() * products;
    const at::Tensor gradientOfB = (p * gradient_.tensor()).sum(0);
    const at::Tensor ridge = m.diagonal().mean() * columnRidge;
    // (M + lambda) (b_new - b_old) = r - M b_old, whose right side is the gradient.
    const at::Tensor damped = m + at::eye(m.size(0), m.options()) * ridge;
    at::Tensor next = b + at::linalg_solve(damped, gradientOfB.unsqueeze(1)).t();
    BinaryFit fit = fit_;
    const at::Tensor floor = next.abs().mean() * smallestColumn;
    if (fit.rowMean.empty()) {
        fit.signs = Matrix(at::where(next < 0, -fit.signs.tensor(), fit.signs.tensor()));
        next = next.abs();
    }
    fit.columnScale = Matrix(at::maximum(next, floor));
    normalise(fit);
    MetricState state = *this;
    state.change(std::move(fit));
    return state;
}

MetricState MetricState::withFlips(const std::vector<std::int64_t>& order, int sweeps) const {
    FlippedSigns flipped = h_.isIdentity() ? flipAlone()
                                           : flipSigns(fit_.signs, gradient_, fit_.rowScale,
                                                       fit_.columnScale, h_.h(), order, sweeps);
    MetricState state = *this;
    state.fit_.signs = flipped.signs;
    state.gradient_ = flipped.gradient;
    // Only a P H moved: a (P H)_new = a (P H)_old + G_old - G_new.
    const at::Tensor moved = gradient_.tensor() - flipped.gradient.tensor();
    state.ph_ = Matrix(ph_.tensor() + moved / fit_.rowScale.tensor());
    state.measure();
    return state;
}

/// In the plain metric no sign's turn changes another's.
FlippedSigns MetricState::flipAlone() const {
    const at::Tensor d =
        2.0 * fit_.rowScale.tensor() * fit_.columnScale.tensor() * fit_.signs.tensor();
    const at::Tensor turns = 2.0 * d * gradient_.tensor() + d * d < 0.0;
    return {Matrix(at::where(turns, -fit_.signs.tensor(), fit_.signs.tensor())),
            Matrix(at::where(turns, gradient_.tensor() + d, gradient_.tensor())),
            turns.sum().item<std::int64_t>()};
}

MetricState MetricState::withSigns(const Matrix& signs) const {
    BinaryFit fit = fit_;
    fit.signs = signs;
    MetricState state = *this;
    state.change(std::move(fit));
    return state;
}

MetricState MetricState::withLowRank(int rank) const {
    const Matrix e(y_.tensor() - binaryPart(fit_).tensor());
    const LowRank l = h_.isIdentity()
                          ? bestLowRank(e, rank, lowRankIterations, fit_.lowRankB)
                          : bestLowRankIn(e, h_.cholesky(), rank, lowRankIterations, fit_.lowRankB);
    // G changes by (A_old B_old - A B) H: thin products.
    at::Tensor gradient = gradient_.tensor() - at::matmul(l.a.tensor(), h_.times(l.b).tensor());
    if (!fit_.lowRankA.empty())
        gradient = gradient + at::matmul(fit_.lowRankA.tensor(), h_.times(fit_.lowRankB).tensor());
    MetricState state = *this;
    state.fit_.lowRankA = l.a;
    state.fit_.lowRankB = l.b;
    state.gradient_ = Matrix(gradient);
    state.measure();
    return state;
}

namespace {

/// The descent: keeps a state, accepts steps that do not raise F.
class Descent {
public:
    Descent(MetricState start, const MetricFitSettings& settings, std::vector<std::int64_t> order,
            const StepObserver& observer)
        : state_(std::move(start)), settings_(settings), order_(std::move(order)),
          observer_(observer) {
        report("start");
    }

    void run(const Matrix& y, const InputMetric& h) {
        if (settings_.gptqRounds > 0)
            gptqRounds(y, gptqFactor(h.h(), order_));
        for (int round = 0; round < settings_.flipRounds; ++round) {
            accept("flips", state_.withFlips(order_, settings_.sweeps));
            scales();
            lowRank();
        }
    }

    [[nodiscard]] const BinaryFit& fit() const { return state_.fit(); }

private:
    bool accept(const char* step, const MetricState& next) {
        const bool better = next.f() <= state_.f();
        if (better)
            state_ = next;
        report(step);
        return better;
    }

    void report(const char* step) const {
        if (observer_)
            observer_(step, state_.f());
    }

    void scales() {
        accept("row scales", state_.withRowScales());
        if (!state_.fit().rowMean.empty())
            accept("row means", state_.withRowMeans());
        if (settings_.columnScales)
            accept("column scales", state_.withColumnScales());
    }

    void lowRank() {
        if (settings_.rank > 0)
            accept("low rank", state_.withLowRank(settings_.rank));
    }

    void gptqRounds(const Matrix& y, const Matrix& factor) {
        for (int round = 0; round < settings_.gptqRounds; ++round) {
            const BinaryFit& now = state_.fit();
            at::Tensor z = y.tensor() - lowRankPart(now).tensor();
            if (!now.rowMean.empty())
                z = z - now.rowMean.tensor() * now.columnScale.tensor();
            MetricState proposal = state_.withSigns(
                gptqSigns(Matrix(z), now.rowScale, now.columnScale, factor, order_));
            proposal = proposal.withRowScales();
            if (settings_.columnScales)
                proposal = proposal.withColumnScales().withRowScales();
            if (!accept("gptq", proposal))
                return;
            lowRank();
        }
    }

    MetricState state_;
    MetricFitSettings settings_;
    std::vector<std::int64_t> order_;
    const StepObserver& observer_;
};

} // namespace

BinaryFit metricFit(const Matrix& y, const InputMetric& h, const BinaryFit& start,
                    const MetricFitSettings& settings, const StepObserver& observer) {
    Descent descent(MetricState(y, h, start), settings, h.order(y.cols()), observer);
    descent.run(y, h);
    return descent.fit();
}

} // namespace bwla
