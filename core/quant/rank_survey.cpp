// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/rank_survey.h"

#include "core/job/job.h"
#include "core/model/tensor_names.h"
#include "core/quant/binarizer.h"
#include "core/quant/float_model.h"
#include "core/quant/gradient_walk.h"
#include "core/quant/gram.h"
#include "core/quant/input_moments.h"
#include "core/quant/low_rank.h"
#include "core/quant/metric_fit.h"
#include "core/quant/rotation.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace bwla {
namespace {

constexpr std::int64_t surveyTokens = 4096;
constexpr int levelRounds = 6, subspaceRounds = 3; // as in the closed form

/// Sums over tokens of a group's inputs x (m) and of the gradients g (n) that reach its outputs.
struct GroupSums {
    at::Tensor inputs;   ///< x x', (m, m), double
    at::Tensor weighted; ///< |g|^2 / n x x', likewise: errors count where they matter
    at::Tensor outputs;  ///< g^2, (n), double
    double tokens = 0.0;

    void add(const at::Tensor& x, const at::Tensor& g) {
        const at::Tensor rows = x.to(at::kFloat), squares = g.to(at::kFloat).square();
        sum(inputs, gram(rows));
        sum(weighted, gram(rows * squares.mean(1, true).sqrt()));
        sum(outputs, squares.sum(0));
        tokens += static_cast<double>(x.size(0));
    }

private:
    static void sum(at::Tensor& total, const at::Tensor& part) {
        total = total.defined() ? total + part.to(at::kDouble) : part.to(at::kDouble);
    }
};

/// The original's blocks, computed in `type`.
GradientWalk::Block originalBlock(const ModelSource& model, std::int64_t layer,
                                  const std::string& device, at::ScalarType type) {
    FloatBlock block = loadBlock(model, layer, device);
    for (at::Tensor& weight : block.weights)
        weight = weight.to(type);
    return {block.attnNorm, block.mlpNorm,
            [weights = block.weights](GroupKind kind, const at::Tensor& rows) {
                return at::matmul(rows, weights[static_cast<std::size_t>(kind)].t());
            }};
}

/// Falls of the KL by a group's ranks. weights (n, m) float32.
std::vector<double> worthOf(const GroupSums& sums, const at::Tensor& weights, GroupKind kind,
                            const QuantizeSettings& s) {
    if (sums.weighted.diagonal().sum().item<double>() <= 0.0)
        return {}; // nothing reads the outputs
    const auto moment = [&](const at::Tensor& sum) {
        return Matrix(shrink(Matrix(sum / sums.tokens), s.shrinkage).tensor().to(at::kFloat));
    };
    Matrix y(weights), h = moment(sums.inputs), seen = moment(sums.weighted);
    if (s.rotation != RotationKind::none) {
        // Any rotation does: it is the outlying columns that would change the error's shape.
        const auto [m1, m2] = rotationFactors(s, kind, weights.size(1), weights.size(0));
        const KroneckerRotation r = randomRotation(m1, m2, s.seed, s.device);
        y = rotateRows(y, r);
        h = rotateMoment(h, r);
        seen = rotateMoment(seen, r);
    }
    const BinaryFit fit =
        metricFit(y, InputMetric(h), alternateLevels(y, levelRounds, {s.columnScales, false}),
                  {.rank = 0, .columnScales = s.columnScales, .gptqRounds = 1, .flipRounds = 1});
    const at::Tensor rows = (sums.outputs / sums.outputs.mean().clamp_min(1e-300)).sqrt();
    const at::Tensor error =
        (y.tensor() - binaryPart(fit).tensor()) * rows.to(at::kFloat).unsqueeze(1);
    const LowRank best = bestLowRank(Matrix(at::matmul(error, choleskyFactor(seen).tensor())),
                                     mostBudgetRank, subspaceRounds);
    const at::Tensor falls = 0.5 * best.a.tensor().square().sum(0, false, at::kDouble).cpu();
    const double* first = falls.data_ptr<double>();
    return {first, first + falls.numel()};
}

} // namespace

RankWorth surveyRanks(const ModelSource& model, const Calibration& calibration,
                      const QuantizeSettings& settings, const std::function<void(double)>& progress,
                      const std::stop_token& stop) {
    const std::int64_t layers = model.config().layers;
    double done = 0.0;
    const auto advance = [&](double blocks) {
        throwIfStopped(stop);
        done += blocks / (5.0 * static_cast<double>(layers)); // back and fit: four times a forward
        progress(std::min(done, 1.0));
    };
    const at::ScalarType type = fastestType(settings.device);
    GradientWalk walk(
        model, calibration, surveyTokens, settings.device, type,
        [&](std::int64_t layer) { return originalBlock(model, layer, settings.device, type); });
    walk.forward(loadTensor(model, finalNormName, {model.config().width}, settings.device),
                 [&] { advance(1.0); });
    RankWorth worth(static_cast<std::size_t>(layers));
    for (std::int64_t layer = layers - 1; layer >= 0; --layer) {
        std::array<GroupSums, groupCount> sums;
        walk.back([&](GroupKind kind, const at::Tensor& x, const at::Tensor& gradient) {
            sums[static_cast<std::size_t>(kind)].add(x, gradient);
        });
        const FloatBlock block = loadBlock(model, layer, settings.device);
        for (const InputGroup& g : groups()) {
            const auto k = static_cast<std::size_t>(g.kind);
            if (!settings.inFloat.holds(layer, g.kind))
                worth[static_cast<std::size_t>(layer)][k] =
                    worthOf(sums[k], block.weights[k], g.kind, settings);
        }
        advance(4.0);
    }
    return worth;
}

} // namespace bwla
