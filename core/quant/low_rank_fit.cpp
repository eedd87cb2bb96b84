// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/low_rank_fit.h"

#include "core/quant/mixture_levels.h"

#include <ATen/ATen.h>

namespace bwla {
namespace {

constexpr int startLevelRounds = 6;
constexpr int levelRounds = 3; // after each new L
constexpr int subspaceRounds = 3;
constexpr double proximalWeight = 0.1; // rho; 0 is monotone already, more only damps

} // namespace

BinaryFit lowRankFitHard(const Matrix& w, const LowRankFitSettings& settings,
                         const std::function<void(double)>& objective) {
    BinaryFit fit = alternateLevels(w, startLevelRounds, settings.levels);
    for (int round = 0; settings.rank > 0 && round < settings.rounds; ++round) {
        const Matrix residual(w.tensor() - binaryPart(fit).tensor());
        const LowRank l = bestLowRank(residual, settings.rank, subspaceRounds, fit.lowRankB);
        const Matrix z(w.tensor() - at::matmul(l.a.tensor(), l.b.tensor()));
        fit = alternateLevels(z, levelRounds, settings.levels, fit);
        fit.lowRankA = l.a;
        fit.lowRankB = l.b;
        if (objective)
            objective(
                (z.tensor() - binaryPart(fit).tensor()).square().sum(at::kDouble).item<double>());
    }
    return fit;
}

BinaryFit lowRankFitSoft(const Matrix& w, const LowRankFitSettings& settings,
                         const std::function<void(double)>& objective) {
    const at::Tensor& t = w.tensor();
    at::Tensor residual = t;
    MixtureLevels levels = initialLevels(t);
    LowRank l;
    for (int round = 0; settings.rank > 0 && round < settings.rounds; ++round) {
        const at::Tensor r = at::tanh(residual * (levels.c / levels.s2));
        levels = boundedLevels(residual.square().sum(1, true), (r * residual).sum(1, true),
                               static_cast<double>(t.size(1)));
        const at::Tensor d = at::rsqrt(levels.s2);
        at::Tensor target = t - levels.c * r;
        if (!l.a.empty())
            target = (target + proximalWeight * (t - residual)) / (1.0 + proximalWeight);
        const LowRank scaled = bestLowRank(Matrix(target * d), settings.rank, subspaceRounds, l.b);
        l = {Matrix(scaled.a.tensor() / d), scaled.b};
        residual = t - at::matmul(l.a.tensor(), l.b.tensor());
        if (objective)
            objective(mixtureLogLikelihood(residual, levels));
    }
    BinaryFit fit = alternateLevels(Matrix(residual), startLevelRounds, settings.levels);
    fit.lowRankA = l.a;
    fit.lowRankB = l.b;
    return fit;
}

} // namespace bwla
