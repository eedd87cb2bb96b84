// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/engine/transformer.h"

#include "core/job/job.h"
#include "core/model/near_equal_factors.h"
#include "kernels/operands.h"

#include <cmath>
#include <tuple>

namespace bwla {
namespace {

constexpr std::size_t index(GroupKind kind) {
    return static_cast<std::size_t>(kind);
}

void requireRoom(const Backend& backend, const SynthModel& model) {
    constexpr double work = 1.02; // buffers, caches, the rest of the last block
    const double gb = 1e-9 * work * static_cast<double>(model.weightBytes());
    const double free = 1e-9 * static_cast<double>(backend.freeMemory());
    if (free > 0 && gb > free)
        throw KernelError(KernelErrorCode::outOfMemory, backend.info().device,
                          model.config.name + " in " + model.format() + " takes " +
                              std::to_string(std::lround(gb + 0.5)) + " GB, " +
                              std::to_string(std::lround(free - 0.5)) + " GB are free");
}

/// The identity for floats; else a rotation by near-equal factors and a low-rank term.
HostInput synthInput(const SynthModel& model, std::int64_t cols, std::uint32_t seed) {
    HostInput input;
    input.cols = cols;
    if (model.weights != WeightKind::binary)
        return input;
    std::tie(input.factor1, input.factor2) = nearEqualFactors(cols);
    input.r1 = randomReflection(input.factor1, seed);
    input.r2 = randomReflection(input.factor2, seed + 1);
    input.columnScale.assign(static_cast<std::size_t>(cols), 1.0F);
    input.rank = model.rank;
    input.lowRankB = randomInt8(model.rank * cols, seed + 2);
    input.lowRankBScale.assign(static_cast<std::size_t>(model.rank), 1e-3F);
    return input;
}

} // namespace

Transformer::Transformer(Backend& backend, const ModelWeights& weights,
                         const std::function<void(double)>& loaded, const std::stop_token& stop)
    : backend_(backend), config_(weights.config()), activationBits_(weights.activationBits()),
      format_(weights.format()), embedding_(backend.upload(weights.embedding())),
      head_(config_.tiedHead ? nullptr : backend.upload(weights.head())),
      finalNorm_(weights.finalNorm()) {
    layers_.reserve(static_cast<std::size_t>(config_.layers));
    for (std::int64_t layer = 0; layer < config_.layers; ++layer) {
        throwIfStopped(stop);
        layers_.push_back(upload(weights.layer(layer), stop));
        if (loaded)
            loaded(static_cast<double>(layer + 1) / static_cast<double>(config_.layers));
    }
}

Transformer::Layer Transformer::upload(const LayerWeights& weights,
                                       const std::stop_token& stop) const {
    Layer layer{.groups = {}, .attnNorm = weights.attnNorm, .mlpNorm = weights.mlpNorm};
    for (std::size_t g = 0; g < groupCount; ++g) {
        layer.groups[g].input = backend_.upload(weights.groups[g].input);
        layer.groups[g].kept = weights.groups[g].kept;
        layer.groups[g].activationBits = weights.groups[g].activationBits;
        for (const HostLinear& linear : weights.groups[g].linears) {
            throwIfStopped(stop);
            layer.groups[g].linears.push_back(backend_.upload(linear));
        }
    }
    return layer;
}

Transformer::Transformer(Backend& backend, const SynthModel& model,
                         const std::function<void(double)>& loaded, const std::stop_token& stop)
    : backend_(backend), config_(model.config), activationBits_(model.activationBits),
      format_(model.format()), finalNorm_(static_cast<std::size_t>(config_.width), 1.0F) {
    requireRoom(backend, model);
    const SynthLinear table{model.tables, config_.vocabulary, config_.width, 0, 1};
    embedding_ = backend.synthesize(table);
    if (!config_.tiedHead)
        head_ = backend.synthesize(table);
    for (std::int64_t layer = 0; layer < config_.layers; ++layer) {
        throwIfStopped(stop);
        layers_.push_back(synthesize(model, static_cast<std::uint32_t>(100 * layer)));
        if (loaded)
            loaded(static_cast<double>(layer + 1) / static_cast<double>(config_.layers));
    }
}

Transformer::Layer Transformer::synthesize(const SynthModel& model, std::uint32_t seed) const {
    const std::vector<float> ones(static_cast<std::size_t>(config_.width), 1.0F);
    Layer layer{.groups = {}, .attnNorm = ones, .mlpNorm = ones};
    for (const InputGroup& group : groups()) {
        Group& made = layer.groups[index(group.kind)];
        const std::int64_t cols = config_.groupInputs(group.kind);
        made.input = backend_.upload(synthInput(model, cols, ++seed));
        for (int i = 0; i < static_cast<int>(group.linears.size()); ++i)
            made.linears.push_back(backend_.synthesize(
                {model.weights, config_.linearOutputs(group.kind, i), cols, model.rank, ++seed}));
    }
    return layer;
}

std::int64_t Transformer::weightBytes() const {
    std::int64_t total = embedding_->bytes() + (head_ ? head_->bytes() : 0);
    for (const Layer& layer : layers_)
        for (const Group& group : layer.groups) {
            total += group.input->bytes();
            for (const auto& linear : group.linears)
                total += linear->bytes();
        }
    return total;
}

std::int64_t Transformer::stepWeightBytes() const {
    return weightBytes() - (head_ ? embedding_->bytes() : 0);
}

Plan& Transformer::plan(int batch, HeadRows rows, int activationBits) {
    auto& plan = plans_[{batch, rows, activationBits}];
    if (!plan)
        plan = record(batch, rows, activationBits);
    return *plan;
}

std::unique_ptr<Plan> Transformer::record(int batch, HeadRows rows, int activationBits) const {
    return backend_.record(
        [&](Recorder& recorder) { recordForward(recorder, rows, activationBits); }, batch);
}

void Transformer::recordForward(Recorder& recorder, HeadRows rows, int activationBits) const {
    const Buffer x = recorder.buffer(config_.width);
    const BlockScratch blockScratch = scratch(recorder);
    recorder.embed(*embedding_, x);
    for (std::int64_t layer = 0; layer < config_.layers; ++layer)
        recordBlock(recorder, layer, blockScratch, x, activationBits);
    recorder.head({finalNorm_, config_.normEpsilon}, head_ ? *head_ : *embedding_, x, rows);
}

BlockScratch Transformer::scratch(Recorder& recorder) const {
    const std::int64_t queries = config_.heads * config_.headDim;
    const std::int64_t keys = config_.kvHeads * config_.headDim;
    return {.q = recorder.buffer(queries),
            .k = recorder.buffer(keys),
            .v = recorder.buffer(keys),
            .attended = recorder.buffer(queries),
            .gate = recorder.buffer(config_.feedForward),
            .up = recorder.buffer(config_.feedForward)};
}

Prepared Transformer::recordGroup(Recorder& recorder, const Group& group,
                                  std::span<const float> gain, Buffer from,
                                  std::span<const Buffer> out, bool accumulate,
                                  int activationBits) const {
    const NormSpec norm{gain, gain.empty() ? 0.0F : config_.normEpsilon};
    const int own = group.activationBits != 0 ? group.activationBits : activationBits_;
    const int bits = activationBits != 0 ? activationBits : own;
    const Prepared prepared = recorder.prepare(norm, *group.input, from, group.kept ? 16 : bits);
    std::vector<LinearTarget> targets;
    for (std::size_t i = 0; i < out.size(); ++i)
        targets.push_back({group.linears[i].get(), out[i], accumulate});
    recorder.linear(prepared, targets);
    return prepared;
}

void Transformer::recordAttention(Recorder& recorder, std::int64_t layer,
                                  const BlockScratch& scratch, Buffer x, int activationBits,
                                  BlockInputs& inputs) const {
    const Layer& weights = layers_[static_cast<std::size_t>(layer)];
    const AttendSpec attention{.layer = layer,
                               .heads = config_.heads,
                               .kvHeads = config_.kvHeads,
                               .headDim = config_.headDim,
                               .inverseFrequencies = config_.inverseFrequencies};
    constexpr auto in = index(GroupKind::attnIn), out = index(GroupKind::attnOut);
    inputs[in] = recordGroup(recorder, weights.groups[in], weights.attnNorm, x,
                             std::array{scratch.q, scratch.k, scratch.v}, false, activationBits);
    recorder.attend(attention, scratch.q, scratch.k, scratch.v, scratch.attended);
    inputs[out] = recordGroup(recorder, weights.groups[out], {}, scratch.attended, std::array{x},
                              true, activationBits);
}

void Transformer::recordMlp(Recorder& recorder, std::int64_t layer, const BlockScratch& scratch,
                            Buffer x, int activationBits, BlockInputs& inputs) const {
    const Layer& weights = layers_[static_cast<std::size_t>(layer)];
    constexpr auto in = index(GroupKind::mlpIn), out = index(GroupKind::mlpOut);
    inputs[in] = recordGroup(recorder, weights.groups[in], weights.mlpNorm, x,
                             std::array{scratch.gate, scratch.up}, false, activationBits);
    recorder.gate(scratch.gate, scratch.up, scratch.gate);
    inputs[out] = recordGroup(recorder, weights.groups[out], {}, scratch.gate, std::array{x}, true,
                              activationBits);
}

BlockInputs Transformer::recordBlock(Recorder& recorder, std::int64_t layer,
                                     const BlockScratch& scratch, Buffer x,
                                     int activationBits) const {
    BlockInputs inputs;
    recordAttention(recorder, layer, scratch, x, activationBits, inputs);
    recordMlp(recorder, layer, scratch, x, activationBits, inputs);
    return inputs;
}

std::unique_ptr<KvCache> Transformer::cache(std::int64_t capacity) const {
    return backend_.kvCache({.layers = config_.layers,
                             .capacity = capacity,
                             .kvHeads = config_.kvHeads,
                             .headDim = config_.headDim});
}

} // namespace bwla
