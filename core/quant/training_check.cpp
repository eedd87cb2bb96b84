// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/training_check.h"

#include "core/model/tensor_names.h"
#include "core/quant/calibration.h"
#include "core/quant/fused_ops.h"
#include "core/quant/fused_ops_check.h"
#include "core/quant/gpu_sweeps_check.h"
#include "core/quant/group_quantizer.h"
#include "core/quant/kl_refinement.h"
#include "core/quant/random_model.h"
#include "core/quant/torch_training_check.h"
#include "core/quant/training_step_check.h"
#include "core/quant/two_streams.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <functional>
#include <random>
#include <utility>

namespace bwla {
namespace {

constexpr std::size_t gradientWindows = 2; ///< of a step in float32: its attention is large

/// The closed form, in a hurry.
QuantizeSettings roughSettings(const std::string& calibration, const std::string& device) {
    QuantizeSettings s;
    s.calibration = calibration;
    s.device = device;
    s.tokens = 4 * calibrationWindow;
    s.oktRounds = 2;
    s.pspRounds = 2;
    s.gptqRounds = 1;
    s.flipRounds = 1;
    return s;
}

RefinedModel roughlyQuantized(const ModelSource& source, const QuantizeSettings& settings,
                              const Calibration& calibration, const std::stop_token& stop) {
    TwoStreams streams(source, calibration, settings.device);
    RefinedModel model{{}, source.tensor(finalNormName)};
    for (std::int64_t layer = 0; layer < source.config().layers; ++layer) {
        throwIfStopped(stop);
        const auto quantize = [&](GroupKind kind, const Matrix& weights,
                                  const std::vector<std::int64_t>& outputs, const GroupInputs& in) {
            return quantizeGroup({kind, weights, outputs, in.moments, in.sample, 1}, settings)
                .group;
        };
        model.blocks.push_back(streams.advance(layer, quantize).block);
    }
    return model;
}

std::vector<std::vector<std::int32_t>> randomWindows(std::int64_t count, std::int64_t length,
                                                     std::int64_t vocabulary) {
    std::mt19937 random(1);
    std::vector<std::vector<std::int32_t>> windows(static_cast<std::size_t>(count));
    for (auto& ids : windows)
        for (std::int64_t t = 0; t < length; ++t)
            ids.push_back(static_cast<std::int32_t>(random() % static_cast<unsigned>(vocabulary)));
    return windows;
}

/// One run. Work is private to it; events go out through `sink`.
class Run {
public:
    Run(const TrainingCheckSettings& settings, const Sink<TrainingCheckEvent>& sink,
        std::stop_token stop)
        : settings_(settings), rough_(roughSettings(settings.calibration, settings.device)),
          sink_(sink), stop_(std::move(stop)) {}

    TrainingCheckResult run() {
        if (settings_.device == "cuda" && !hasKernels())
            return {};
        checkFusedOps(settings_.device, found_);
        checkSweeps(settings_.device, found_);
        ModelConfig shape = smallLlamaShape(2, 1024);
        if (settings_.device == "cpu") { // which would take half a minute
            shape.layers = 1;
            shape.width = 192;
            shape.feedForward = 512;
            shape.heads = 3;
            shape.kvHeads = 1;
            shape.context = 64;
            shape.vocabulary = 4096;
        }
        const auto random = randomModel(shape);
        const KlText text{
            randomWindows(4, random->config().context, random->config().vocabulary), {}, 1.0};
        checkSteps(*random, roughlyQuantized(*random, rough_, {text.file, ""}, stop_), text,
                   "random model");
        if (!settings_.modelPath.empty())
            checkModel();
        return result_;
    }

private:
    static bool hasKernels() {
        return at::hasCUDA() &&
               fusable(
                   at::zeros({1, 8}, at::TensorOptions().dtype(at::kBFloat16).device(at::kCUDA)));
    }

    void checkSteps(const ModelSource& source, const RefinedModel& start, const KlText& text,
                    const std::string& name) const {
        const auto& windows = text.file.empty() ? text.self : text.file;
        std::vector<at::Tensor> ids;
        for (std::size_t i = 0; i < gradientWindows; ++i)
            ids.push_back(at::tensor(windows.at(i), at::kInt).to(at::kLong));
        const TrainingPlace place{settings_.device, at::kBFloat16, /*manyRows=*/true};
        for (const int bits : {16, 6})
            checkTrainingStep(source, start, at::stack(ids).to(at::Device(settings_.device)), place,
                              bits, name + " A" + std::to_string(bits), found_);
    }

    void checkModel() {
        const auto source = ModelSource::open(settings_.modelPath);
        KlSettings kl;
        kl.device = settings_.device;
        const KlBatch batch = klBatch(kl, source->config());
        const std::int64_t tokens = settings_.steps * batch.window * batch.windows;
        const KlText text =
            makeKlText(*source, rough_, {batch.window, tokens / 4, tokens}, {}, stop_);
        const auto& windows = text.file.empty() ? text.self : text.file;
        const auto most =
            static_cast<std::size_t>(std::max<std::int64_t>(1, rough_.tokens / batch.window));
        const Calibration calibration{
            {windows.begin(),
             windows.begin() + static_cast<std::ptrdiff_t>(std::min(most, windows.size()))},
            ""};
        const RefinedModel start = roughlyQuantized(*source, rough_, calibration, stop_);
        checkSteps(*source, start, text, "model");
        kl.tokens = tokens;
        kl.signs = true;
        kl.latentSpread = rough_.latentSpread;
        kl.latentRate = rough_.latentRate;
        kl.quantizedShare = 0.25;
        kl.secondsBetweenPoints = 0.0; // after every step
        for (const auto& [own, recorded] :
             {std::pair{true, true}, {true, false}, {false, false}, {false, true}}) {
            kl.ownKernels = own;
            kl.recorded = recorded;
            train(*source, start, text, kl);
        }
    }

    void train(const ModelSource& source, const RefinedModel& start, const KlText& text,
               const KlSettings& settings) {
        TrainingRun run;
        run.way = std::string(settings.ownKernels ? "own kernels" : "libtorch") +
                  (settings.recorded ? ", recorded" : "");
        (void)refineByKl(
            source, start, text, settings, /*stateFile=*/"",
            [&](const KlPoint& point) {
                run.kl.push_back(point.kl);
                run.tokensPerSecond = point.tokensPerSecond;
            },
            stop_);
        result_.runs.push_back(std::move(run));
        sink_({.check = nullptr, .run = &result_.runs.back()});
    }

    TrainingCheckSettings settings_;
    QuantizeSettings rough_;
    const Sink<TrainingCheckEvent>& sink_;
    std::stop_token stop_;
    TrainingCheckResult result_;
    std::function<void(TrainingCheck)> found_ = [this](TrainingCheck check) {
        throwIfStopped(stop_);
        result_.checks.push_back(std::move(check));
        sink_({.check = &result_.checks.back(), .run = nullptr});
    };
};

class TorchTrainingCheck final : public TrainingCheckJob {
public:
    TrainingCheckResult run(const TrainingCheckSettings& settings,
                            const Sink<TrainingCheckEvent>& sink, std::stop_token stop) override {
        return Run(settings, sink, std::move(stop)).run();
    }
};

} // namespace

std::unique_ptr<TrainingCheckJob> makeTorchTrainingCheck() {
    return std::make_unique<TorchTrainingCheck>();
}

} // namespace bwla
