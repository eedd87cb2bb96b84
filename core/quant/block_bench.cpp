// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/group_quantizer.h"
#include "core/quant/torch_block_bench.h"
#include "core/quant/torch_runtime.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <utility>

namespace bwla {
namespace {

constexpr std::int64_t chunkRows = 2048, sampleRows = 256; // as the two streams hand them over

ModelConfig configOf(const BlockBenchSettings& s) {
    ModelConfig config;
    config.layers = 1;
    config.width = s.width;
    config.feedForward = s.feedForward;
    config.heads = s.heads;
    config.kvHeads = s.kvHeads;
    config.headDim = s.headDim;
    return config;
}

/// Seconds between calls, the device's work included.
class StageClock {
public:
    explicit StageClock(const at::TensorOptions& options) : options_(options) { lap(); }

    double lap() {
        (void)at::zeros({}, options_).item<float>(); // waits for what was begun before
        const auto now = std::chrono::steady_clock::now();
        return std::chrono::duration<double>(now - std::exchange(last_, now)).count();
    }

private:
    at::TensorOptions options_;
    std::chrono::steady_clock::time_point last_;
};

class Bench {
public:
    Bench(const BlockBenchSettings& settings, const Sink<StageSeconds>& sink, std::stop_token stop)
        : settings_(settings), sink_(sink), stop_(std::move(stop)), config_(configOf(settings)),
          options_(
              at::TensorOptions().dtype(at::kFloat).device(at::Device(settings.quantize.device))),
          clock_(options_) {}

    BlockBenchResult run() {
        at::manual_seed(1);
        (void)quantizeGroup(taskOf(GroupKind::attnOut, {128}, 96), settings_.quantize); // sets up
        for (const InputGroup& g : groups())
            measure(g);
        return result_;
    }

private:
    void measure(const InputGroup& g) {
        std::vector<std::int64_t> outputs;
        for (int i = 0; i < static_cast<int>(g.linears.size()); ++i)
            outputs.push_back(config_.linearOutputs(g.kind, i));
        std::string stage = "moments";
        const auto finish = [&](std::string_view next) {
            note({std::string(g.name), std::exchange(stage, std::string(next)), clock_.lap()});
        };
        const GroupTask task = taskOf(g.kind, outputs, config_.groupInputs(g.kind));
        result_.weights += task.weights.rows() * task.weights.cols();
        (void)quantizeGroup(task, settings_.quantize,
                            {.step = finish, .moment = {}, .activations = {}});
        finish("");
    }

    /// The clock starts once the weights are there.
    GroupTask taskOf(GroupKind kind, std::vector<std::int64_t> outputs, std::int64_t cols) {
        GroupTask task;
        task.kind = kind;
        task.outputs = std::move(outputs);
        const std::int64_t rows =
            std::accumulate(task.outputs.begin(), task.outputs.end(), std::int64_t{0});
        task.weights =
            Matrix(at::randn({rows, cols}, options_).div_(std::sqrt(static_cast<double>(cols))));
        task.sample = Matrix(at::randn({sampleRows, cols}, options_));
        (void)clock_.lap();
        if (needsMoments(settings_.quantize))
            addMoments(task.moments, cols);
        return task;
    }

    void addMoments(InputMoments& moments, std::int64_t cols) const {
        for (std::int64_t left = settings_.quantize.tokens; left > 0; left -= chunkRows) {
            const Matrix x(at::randn({std::min(left, chunkRows), cols}, options_));
            moments.add(x, x);
        }
    }

    void note(StageSeconds stage) {
        throwIfStopped(stop_);
        result_.seconds += stage.seconds;
        result_.stages.push_back(std::move(stage));
        sink_(result_.stages.back());
    }

    const BlockBenchSettings& settings_;
    const Sink<StageSeconds>& sink_;
    std::stop_token stop_;
    ModelConfig config_;
    at::TensorOptions options_;
    StageClock clock_;
    BlockBenchResult result_;
};

class TorchBlockBench final : public BlockBenchJob {
public:
    BlockBenchResult run(const BlockBenchSettings& settings, const Sink<StageSeconds>& sink,
                         std::stop_token stop) override {
        useTorch(settings.quantize.threads, settings.quantize.device);
        return Bench(settings, sink, std::move(stop)).run();
    }
};

} // namespace

std::unique_ptr<BlockBenchJob> makeTorchBlockBench() {
    return std::make_unique<TorchBlockBench>();
}

} // namespace bwla
