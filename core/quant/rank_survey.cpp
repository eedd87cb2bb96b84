// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/rank_survey.h"

#include "core/job/job.h"
#include "core/model/tensor_names.h"
#include "core/quant/binarizer.h"
#include "core/quant/float_model.h"
#include "core/quant/gram.h"
#include "core/quant/input_moments.h"
#include "core/quant/low_rank.h"
#include "core/quant/metric_fit.h"
#include "core/quant/rotation.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

namespace bwla {
namespace {

constexpr int levelRounds = 6, subspaceRounds = 3; // as in the closed form
constexpr std::int64_t headRows = 64; // logits of so many tokens at once stay near the cache

/// Windows (count, tokens) of ids, evenly spaced over the calibration's.
at::Tensor surveyIds(const Calibration& calibration) {
    std::size_t shortest = calibration.windows.front().size();
    for (const auto& window : calibration.windows)
        shortest = std::min(shortest, window.size());
    const auto tokens = std::min(surveyWindow, static_cast<std::int64_t>(shortest));
    const std::size_t count =
        std::min(calibration.windows.size(), static_cast<std::size_t>(surveyTokens / tokens));
    std::vector<at::Tensor> rows;
    for (std::size_t i = 0; i < count; ++i)
        rows.push_back(
            at::tensor(calibration.windows[i * calibration.windows.size() / count], at::kInt)
                .to(at::kLong)
                .narrow(0, 0, tokens));
    return at::stack(rows);
}

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

using BlockSums = std::array<GroupSums, groupCount>;

/// The original, walked there and back: hidden rows before every block, then gradients of the
/// loss of drawn tokens.
class Walk {
public:
    Walk(const ModelSource& model, const Calibration& calibration, const QuantizeSettings& settings)
        : model_(model), config_(model.config()), device_(settings.device),
          type_(fastestType(device_)), ids_(surveyIds(calibration)),
          table_(config_, ids_.size(1),
                 at::TensorOptions().dtype(type_).device(at::Device(device_))) {}

    void forward(const std::function<void()>& blockDone) {
        const at::NoGradGuard noGrad;
        at::Tensor x = embedding()
                           .index_select(0, ids_.flatten().to(at::Device(device_)))
                           .view({ids_.size(0), ids_.size(1), config_.width})
                           .to(type_);
        for (std::int64_t layer = 0; layer < config_.layers; ++layer) {
            const FloatBlock block = load(layer);
            at::Tensor next = at::empty_like(x);
            for (std::int64_t window = 0; window < x.size(0); ++window)
                next.narrow(0, window, 1).copy_(through(block, x.narrow(0, window, 1), nullptr));
            before_.push_back(x);
            x = next;
            blockDone();
        }
        gradient_ = headGradient(x);
    }

    /// Layers from the last to the first, each once.
    [[nodiscard]] BlockSums back(std::int64_t layer) {
        const FloatBlock block = load(layer);
        BlockSums sums;
        for (std::int64_t window = 0; window < gradient_.size(0); ++window) {
            const at::Tensor x = before_.back().narrow(0, window, 1).clone().requires_grad_(true);
            at::Tensor gradient = gradient_.narrow(0, window, 1);
            through(block, x, &sums).backward(gradient);
            gradient.copy_(x.grad());
        }
        before_.pop_back();
        return sums;
    }

private:
    [[nodiscard]] at::Tensor embedding() const {
        return loadTensor(model_, embeddingName, {config_.vocabulary, config_.width}, device_);
    }

    [[nodiscard]] FloatBlock load(std::int64_t layer) const {
        FloatBlock block = loadBlock(model_, layer, device_);
        for (at::Tensor& weight : block.weights)
            weight = weight.to(type_);
        return block;
    }

    /// Notes in `sums`, when the gradient comes back, what each group saw.
    at::Tensor through(const FloatBlock& block, const at::Tensor& x, BlockSums* sums) const {
        return decoderBlock(
            x, block.attnNorm, block.mlpNorm, config_, table_,
            [&](GroupKind kind, const at::Tensor& rows) {
                const auto k = static_cast<std::size_t>(kind);
                const at::Tensor y = at::matmul(rows, block.weights[k].t());
                if (sums != nullptr)
                    y.register_hook([sums, k, seen = rows.detach()](const at::Tensor& gradient) {
                        (*sums)[k].add(seen, gradient);
                    });
                return y;
            });
    }

    /// Of the loss of one token drawn a position, by the model's own probabilities.
    [[nodiscard]] at::Tensor headGradient(const at::Tensor& x) const {
        const at::Tensor head =
            (config_.tiedHead
                 ? embedding()
                 : loadTensor(model_, headName, {config_.vocabulary, config_.width}, device_))
                .to(type_);
        const at::Tensor gain = loadTensor(model_, finalNormName, {config_.width}, device_);
        at::Generator random = at::detail::createCPUGenerator(0);
        const at::Tensor rows = x.flatten(0, 1);
        std::vector<at::Tensor> gradients;
        for (std::int64_t first = 0; first < rows.size(0); first += headRows) {
            const std::int64_t count = std::min(headRows, rows.size(0) - first);
            const at::Tensor hidden = rows.narrow(0, first, count).clone().requires_grad_(true);
            const at::AutoGradMode recorded(true);
            const at::Tensor normed = rmsNorm(hidden, gain, config_.normEpsilon);
            const at::Tensor draw = at::rand({count, 1}, random, at::kFloat).to(rows.device());
            normed.backward(drawnGradient(normed.detach(), head, draw));
            gradients.push_back(hidden.grad());
        }
        return at::cat(gradients).view_as(x);
    }

    /// (p - the drawn token) times the head; draw (k, 1) in 0..1.
    static at::Tensor drawnGradient(const at::Tensor& x, const at::Tensor& head,
                                    const at::Tensor& draw) {
        at::Tensor p = at::softmax(at::matmul(x, head.t()).to(at::kFloat), -1);
        const at::Tensor token = (p.cumsum(-1) < draw).sum(-1, true).clamp_max(head.size(0) - 1);
        p.scatter_add_(1, token, at::full_like(draw, -1.0));
        return at::matmul(p.to(head.scalar_type()), head);
    }

    const ModelSource& model_;
    const ModelConfig& config_;
    std::string device_;
    at::ScalarType type_;
    at::Tensor ids_;
    RotaryTable table_;
    std::vector<at::Tensor> before_; ///< (windows, tokens, width), of each block
    at::Tensor gradient_;            ///< likewise, of the block after which the walk stands
};

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
    Walk walk(model, calibration, settings);
    walk.forward([&] { advance(1.0); });
    RankWorth worth(static_cast<std::size_t>(layers));
    for (std::int64_t layer = layers - 1; layer >= 0; --layer) {
        const BlockSums sums = walk.back(layer);
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
