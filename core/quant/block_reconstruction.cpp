// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/block_reconstruction.h"

#include "core/model/tensor_names.h"
#include "core/quant/float_model.h"
#include "core/quant/kl_state.h"
#include "core/quant/repeated_work.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace bwla {
namespace {

using Clock = std::chrono::steady_clock;

constexpr TrainingRates rates{.scales = 3e-3, .lowRank = 1e-2, .gains = 1e-3};
constexpr double warmUpShare = 0.05, lastRate = 0.05;
constexpr double heldOutShare = 0.08, fileShare = 1.0 / 3.0;
constexpr std::int64_t windowsAtOnce = 8; // where nothing trains

/// Calls `part` with (first, count) for all windows, some at a time.
template<class Part>
void inChunks(std::int64_t windows, Part part) {
    for (std::int64_t first = 0; first < windows; first += windowsAtOnce)
        part(first, std::min(windowsAtOnce, windows - first));
}

/// What counts in a block's error: channels alike whatever their variance, tokens alike whatever
/// their energy, since a few of either are hundreds of times larger than the rest.
struct ErrorWeights {
    at::Tensor channel; ///< (width), float32, over what the original block adds
    at::Tensor token;   ///< (windows, tokens, 1), float32

    ErrorWeights(const at::Tensor& input, const at::Tensor& target) {
        const at::Tensor some =
            target.flatten(0, 1).slice(0, 0, target.size(0) * target.size(1), 7).to(at::kFloat);
        channel = (some.var(0, false) + 1e-4 * some.var(false)).reciprocal();
        token = at::empty({target.size(0), target.size(1), 1}, channel.options());
        inChunks(target.size(0), [&](std::int64_t first, std::int64_t count) {
            token.narrow(0, first, count)
                .copy_(target.narrow(0, first, count).to(at::kFloat).square().mean(-1, true));
        });
        token = token.clamp_min(1e-12).reciprocal();
        token = at::minimum(token, 2.0 * token.median());
        at::Tensor added = at::zeros({}, at::TensorOptions(channel.device()).dtype(at::kDouble));
        inChunks(target.size(0), [&](std::int64_t first, std::int64_t count) {
            added += squares(target.narrow(0, first, count), input.narrow(0, first, count),
                             token.narrow(0, first, count))
                         .sum(at::kDouble);
        });
        channel = channel / (added / static_cast<double>(target.numel())).to(at::kFloat);
    }

    [[nodiscard]] at::Tensor squares(const at::Tensor& a, const at::Tensor& b,
                                     const at::Tensor& tokens) const {
        return (a.to(at::kFloat) - b.to(at::kFloat)).square() * channel * tokens;
    }
};

/// Hidden rows (windows, tokens, width) on both sides of a block.
struct Streams {
    at::Tensor input;  ///< of the quantized blocks before
    at::Tensor target; ///< of the original, after the block
};

class BlockTraining {
public:
    BlockTraining(TrainableModel& student, std::int64_t layer, const TrainingPlace& place,
                  const KlSettings& settings)
        : student_(student), layer_(layer), settings_(settings), device_(at::Device(place.device)),
          repeated_(device_) {
        student.addTo(parameters_, rates, layer);
        parameters_.pack();
        if (settings.reconstruction.latentRate > 0.0)
            student.addTo(signs_, 1.0, layer);
        signs_.pack();
    }

    /// The state that `file` holds; false if it has none.
    bool restore(const std::filesystem::path& file) {
        if (parameters_.empty())
            return true; // kept in float
        const bool found = loadKlState(file, parameters_, signs_).step > 0;
        finish();
        return found;
    }

    /// Trains on the first `count` windows, unless `file` says that it was done.
    void run(const Streams& streams, const ErrorWeights& weights, std::int64_t count,
             const std::filesystem::path& file, const std::stop_token& stop) {
        if (parameters_.empty())
            return; // kept in float
        const std::int64_t size =
            std::min(settings_.reconstruction.windowsAStep(streams.input.size(1)), count);
        const std::int64_t perEpoch = count / size;
        const std::int64_t steps = settings_.reconstruction.epochs * perEpoch;
        if (loadKlState(file, parameters_, signs_).step < steps) {
            prepare(streams, weights, size, steps);
            at::Generator random = at::detail::createCPUGenerator(
                settings_.seed * 1'000'003U + static_cast<std::uint64_t>(layer_));
            at::Tensor order;
            for (std::int64_t step = 0; step < steps; ++step) {
                if (step % perEpoch == 0) {
                    throwIfStopped(stop);
                    order = at::randperm(count, random, at::kLong).to(device_);
                }
                trainOneStep(streams, weights, order.narrow(0, step % perEpoch * size, size), step,
                             steps);
            }
            saveKlState(file, {.step = steps}, parameters_, signs_);
        }
        finish();
    }

    [[nodiscard]] double flipped() const { return signs_.flipped(); }

private:
    void finish() {
        signs_.settle();
        if (settings_.signs)
            student_.keepLatents(layer_, signs_);
    }

    void prepare(const Streams& streams, const ErrorWeights& weights, std::int64_t size,
                 std::int64_t steps) {
        input_ = at::empty_like(streams.input.narrow(0, 0, size));
        target_ = at::empty_like(input_);
        tokens_ = at::empty_like(weights.token.narrow(0, 0, size));
        std::vector<at::Tensor> all;
        for (std::int64_t step = 0; step < steps; ++step) {
            const double share = static_cast<double>(step) / static_cast<double>(steps);
            const double warm = std::min(1.0, static_cast<double>(step + 1) /
                                                  (warmUpShare * static_cast<double>(steps) + 1));
            all.push_back(adamRates(warm * cosineDecay(share, lastRate), step + 1));
        }
        schedule_ = at::stack(all).to(device_);
        parameterRates_ = at::zeros_like(schedule_[0]);
        signRates_ = at::zeros_like(parameterRates_);
        latentRate_ =
            at::tensor({static_cast<float>(settings_.reconstruction.latentRate), 1.0F, 1.0F})
                .to(device_);
    }

    void trainOneStep(const Streams& streams, const ErrorWeights& weights, const at::Tensor& index,
                      std::int64_t step, std::int64_t steps) {
        at::index_select_out(input_, streams.input, 0, index);
        at::index_select_out(target_, streams.target, 0, index);
        at::index_select_out(tokens_, weights.token, 0, index);
        parameterRates_.copy_(schedule_[step]);
        at::mul_out(signRates_, parameterRates_, latentRate_);
        const double share = static_cast<double>(step) / static_cast<double>(steps);
        const int bits =
            share >= 1.0 - settings_.reconstruction.quantizedShare ? settings_.activationBits : 16;
        repeated_(bits, [&] { compute(weights.channel, bits); });
    }

    void compute(const at::Tensor& channel, int bits) {
        const at::Tensor output = student_.block(layer_, input_, bits);
        const at::Tensor gradient = (output.detach().to(at::kFloat) - target_.to(at::kFloat)) *
                                    channel * tokens_ * (2.0 / static_cast<double>(output.numel()));
        output.backward(gradient.to(output.scalar_type()));
        parameters_.step(parameterRates_);
        signs_.step(signRates_);
    }

    TrainableModel& student_;
    std::int64_t layer_;
    const KlSettings& settings_;
    at::Device device_;
    RepeatedWork repeated_; // all that follows is made on its stream
    ParameterPool parameters_;
    LatentSigns signs_;
    at::Tensor input_, target_, tokens_; ///< of one step
    at::Tensor schedule_;                ///< (steps, 3), adamRates()
    at::Tensor parameterRates_, signRates_, latentRate_;
};

class Reconstruction {
public:
    Reconstruction(const ModelSource& source, TrainableModel& student, const TrainingPlace& place,
                   const WindowPool& pool, const KlSettings& settings)
        : source_(source), student_(student), place_(place), settings_(settings),
          table_(source.config(), pool.tokens(),
                 at::TensorOptions().dtype(place.type).device(at::Device(place.device))) {
        const at::NoGradGuard noGrad;
        const at::Tensor ids =
            pool.ids(pool.sample(settings.reconstruction.windows(pool.tokens()), fileShare));
        streams_.input = student.embed(ids);
        const ModelConfig& config = source.config();
        original_ =
            loadTensor(source, embeddingName, {config.vocabulary, config.width}, place.device)
                .to(place.type)
                .index_select(0, ids.flatten())
                .view(streams_.input.sizes());
        const auto windows = static_cast<double>(ids.size(0));
        heldOut_ = std::max<std::int64_t>(1, std::llround(heldOutShare * windows));
    }

    ReconstructedBlock trainBlock(std::int64_t layer, const std::filesystem::path& file,
                                  const std::stop_token& stop) {
        const auto start = Clock::now();
        streams_.target = originalBlock(layer);
        const ErrorWeights weights(original_, streams_.target);
        ReconstructedBlock result{.block = layer, .of = source_.config().layers};
        result.errorBefore = heldOutError(layer, weights);
        BlockTraining training(student_, layer, place_, settings_);
        training.run(streams_, weights, std::max<std::int64_t>(1, windows() - heldOut_), file,
                     stop);
        result.errorAfter = heldOutError(layer, weights);
        result.flippedSigns = training.flipped();
        const at::NoGradGuard noGrad;
        inChunks(windows(), [&](std::int64_t first, std::int64_t count) {
            at::Tensor rows = streams_.input.narrow(0, first, count);
            rows.copy_(student_.block(layer, rows, 16));
        });
        original_ = streams_.target;
        result.seconds = std::chrono::duration<double>(Clock::now() - start).count();
        return result;
    }

private:
    [[nodiscard]] std::int64_t windows() const { return streams_.input.size(0); }

    [[nodiscard]] at::Tensor originalBlock(std::int64_t layer) const {
        const at::NoGradGuard noGrad;
        FloatBlock block = loadBlock(source_, layer, place_.device);
        for (at::Tensor& weight : block.weights)
            weight = weight.to(place_.type);
        at::Tensor result = at::empty_like(original_);
        inChunks(windows(), [&](std::int64_t first, std::int64_t count) {
            result.narrow(0, first, count)
                .copy_(decoderBlock(
                    original_.narrow(0, first, count), block.attnNorm, block.mlpNorm,
                    source_.config(), table_, [&](GroupKind kind, const at::Tensor& rows) {
                        return at::matmul(rows, block.weights[static_cast<std::size_t>(kind)].t());
                    }));
        });
        return result;
    }

    [[nodiscard]] double heldOutError(std::int64_t layer, const ErrorWeights& weights) const {
        const at::NoGradGuard noGrad;
        const auto last = [&](const at::Tensor& x) {
            return x.narrow(0, windows() - heldOut_, heldOut_);
        };
        const at::Tensor output = student_.block(layer, last(streams_.input), 16);
        return weights.squares(output, last(streams_.target), last(weights.token))
            .mean()
            .item<double>();
    }

    const ModelSource& source_;
    TrainableModel& student_;
    TrainingPlace place_;
    const KlSettings& settings_;
    RotaryTable table_;
    Streams streams_;
    at::Tensor original_; ///< (windows, tokens, width), of the original, before the block
    std::int64_t heldOut_;
};

std::filesystem::path stateFile(const std::filesystem::path& folder, std::int64_t layer) {
    char name[40];
    std::snprintf(name, sizeof name, "reconstructed-%05d.safetensors", static_cast<int>(layer));
    return folder / name;
}

} // namespace

void reconstructBlocks(const ModelSource& source, TrainableModel& student,
                       const TrainingPlace& place, const WindowPool& pool,
                       const KlSettings& settings, const std::filesystem::path& folder,
                       const Sink<ReconstructedBlock>& sink, const std::stop_token& stop) {
    Reconstruction reconstruction(source, student, place, pool, settings);
    for (std::int64_t layer = 0; layer < source.config().layers; ++layer) {
        const ReconstructedBlock block =
            reconstruction.trainBlock(layer, stateFile(folder, layer), stop);
        if (sink)
            sink(block);
    }
}

bool restoreBlocks(const ModelSource& source, TrainableModel& student, const TrainingPlace& place,
                   const KlSettings& settings, const std::filesystem::path& folder) {
    for (std::int64_t layer = 0; layer < source.config().layers; ++layer)
        if (!BlockTraining(student, layer, place, settings).restore(stateFile(folder, layer)))
            return false;
    return true;
}

} // namespace bwla
