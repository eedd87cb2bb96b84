// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/group_quantizer.h"

#include "core/error.h"
#include "core/model/half.h"
#include "core/quant/activation_quantizer.h"
#include "core/quant/group_report.h"
#include "core/quant/kronecker_fit.h"
#include "core/quant/low_rank_fit.h"
#include "core/quant/moment_sender.h"
#include "core/quant/stored_fit.h"
#include "core/quant/stored_linear.h"

#include <ATen/ATen.h>

#include <cmath>

namespace bwla {
namespace {

/// The weights in the frame they are binarised in, with what leads there.
struct RotatedTarget {
    Matrix target; ///< W*, unrotated
    Matrix y;      ///< W' = W* (R')^-1
    InputMetric h; ///< H' = R' H R, shrunk; the identity for the plain metric
    StoredFactor factorA, factorB;
};

/// H of the group's inputs, shrunk as fits want it.
Matrix shrunkMoment(const GroupTask& task, const QuantizeSettings& s) {
    return Matrix(
        shrink(task.moments.h(), s.shrinkage).tensor().to(task.weights.tensor().scalar_type()));
}

/// Rows that stand for all in a traced objective: over all of them tracing a fit took half as long
/// again as the fit.
constexpr std::int64_t objectiveRows = 64;

/// The target's rows and the sampled inputs at the same RMS: what a fit without H counts alike.
Matrix withInputs(const Matrix& target, const Matrix& sample) {
    const at::Tensor rows = target.tensor();
    const at::Tensor inputs = sample.tensor().to(rows.scalar_type());
    const at::Tensor rms = rows.square().mean().sqrt() / inputs.square().mean().sqrt();
    return Matrix(at::cat({rows, inputs * rms}));
}

/// h: shrunkMoment(), for those who look at outputs.
KroneckerRotation learnRotation(const Matrix& target, const Matrix& h, const GroupTask& task,
                                const QuantizeSettings& s, const MomentSender& moments) {
    const auto [m1, m2] = rotationFactors(s, task.kind, target.cols(), target.rows());
    if (s.rotation == RotationKind::hadamard)
        return hadamardRotation(m1, m2, task.seed, s.device);
    KroneckerRotation start = s.oktStart == OktStart::random || s.rotation == RotationKind::random
                                  ? randomRotation(m1, m2, task.seed, s.device)
                                  : identityRotation(m1, m2, s.device);
    if (s.rotation == RotationKind::random)
        return start;
    std::function<void(const KroneckerProgress&)> progress;
    if (moments.listening())
        progress = [&](const KroneckerProgress& p) {
            if (p.halfRound % 2 == 0)
                moments.sendRotation(target, p.rotation, p.halfRound / 2, s.oktRounds,
                                     p.objective(objectiveRows));
        };
    const bool looksAtInputs = s.oktObjective == OktObjective::inputs;
    return kroneckerFit(looksAtInputs ? withInputs(target, task.sample) : target, std::move(start),
                        {s.oktMode, s.oktRounds}, progress,
                        s.oktObjective == OktObjective::outputs ? h : Matrix());
}

/// H' = R' H R; `rotation` is empty where there is none.
InputMetric fitMetric(const Matrix& h, const QuantizeSettings& s,
                      const KroneckerRotation& rotation) {
    if (s.metric == Metric::plain)
        return {};
    return rotation.r1.empty() ? h : rotateMoment(h, rotation);
}

RotatedTarget rotatedTarget(const GroupTask& task, const QuantizeSettings& s,
                            const std::function<void(std::string_view)>& step,
                            const MomentSender& moments) {
    RotatedTarget result;
    step("target");
    result.target = correctedTarget(task.weights, task.moments, s.targetMix, s.targetShrinkage);
    moments.send(FitStage::target, result.target);
    result.y = result.target;
    Matrix h;
    if (s.metric == Metric::activation || s.oktObjective == OktObjective::outputs)
        h = shrunkMoment(task, s);
    KroneckerRotation stored;
    if (s.rotation != RotationKind::none) {
        step("rotation");
        const KroneckerRotation learned = learnRotation(result.target, h, task, s, moments);
        result.factorA = storeFactor(learned.r1);
        result.factorB = storeFactor(learned.r2);
        stored = {loadFactor(result.factorA, s.device), loadFactor(result.factorB, s.device)};
        result.y = rotateRows(result.target, inverseTranspose(stored));
    }
    result.h = fitMetric(h, s, stored);
    return result;
}

BinaryFit startFit(const Matrix& y, int rank, const QuantizeSettings& s) {
    const LowRankFitSettings settings{rank, s.pspRounds, {s.columnScales, s.rowMeans}};
    const bool likelihood = s.metric == Metric::plain && s.oktMode == OktMode::soft && rank > 0;
    return likelihood ? lowRankFitSoft(y, settings) : lowRankFitHard(y, settings);
}

void requireFinite(const Matrix& m, const GroupTask& task, const char* what) {
    if (!at::isfinite(m.tensor()).all().item<bool>())
        throw Error(ErrorCode::numeric).of(std::string(group(task.kind).name)).because(what);
}

void sendActivations(const GroupTask& task, const Matrix& prepared, double clip,
                     const FitWatcher& watcher) {
    if (!watcher.activations)
        return;
    const std::vector<float> inputs = task.sample.toHost(), after = prepared.toHost();
    GroupActivations activations{.kind = task.kind, .cols = prepared.cols(), .clip = clip};
    activations.inputs = inputs;
    activations.prepared = after;
    watcher.activations(activations);
}

} // namespace

bool needsMoments(const QuantizeSettings& settings) {
    return settings.metric == Metric::activation || settings.targetMix > 0.0 ||
           settings.oktObjective == OktObjective::outputs;
}

GroupResult quantizeGroup(const GroupTask& task, const QuantizeSettings& s,
                          const FitWatcher& watcher) {
    const auto step = [&](std::string_view name) {
        if (watcher.step)
            watcher.step(name);
    };
    const MomentSender moments(task.kind, task.weights.rows(), watcher.moment);
    requireFinite(task.weights, task, "the model's weights hold NaN or infinity");
    if (needsMoments(s))
        requireFinite(Matrix(task.moments.h()), task, "the layer's inputs hold NaN or infinity");
    moments.send(FitStage::original, task.weights);
    const RotatedTarget rotated = rotatedTarget(task, s, step, moments);
    const int rank = task.rank.value_or(effectiveRank(s, task.weights.cols()));
    step("low rank");
    BinaryFit fit = startFit(rotated.y, rank, s);
    if (s.metric == Metric::activation) {
        step("fit");
        fit = metricFit(rotated.y, rotated.h, fit,
                        {rank, s.columnScales, s.gptqRounds, s.flipRounds});
    }
    step("store");
    GroupResult result;
    fit = storeFit(rotated.y, rotated.h, fit, task.outputs,
                   {rank, s.flipRounds > 0 ? 2 : 0, s.columnScales}, result.group);
    requireFinite(Matrix(binaryPart(fit)), task, "the fit failed");
    result.group.factorA = rotated.factorA;
    result.group.factorB = rotated.factorB;
    if (moments.listening())
        moments.send(FitStage::stored, Matrix(rotated.y.tensor() - lowRankPart(fit).tensor()));

    step("clip");
    const StoredLinear stored(result.group, s.device);
    const Matrix prepared(stored.prepare(task.sample.tensor()));
    double clip = 1.0;
    if (s.clipSearch && s.activationBits < 16)
        clip = bestClip(prepared, Matrix(stored.weight()), s.activationBits);
    const std::uint16_t half = floatToHalf(static_cast<float>(clip));
    result.group.inputClip = {half, half};

    result.report = reportGroup({task.weights, rotated.y, fit, rotated.h, task.sample, prepared});
    result.report.kind = task.kind;
    result.report.clip = clip;
    sendActivations(task, prepared, clip, watcher);
    return result;
}

} // namespace bwla
