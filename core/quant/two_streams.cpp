// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/two_streams.h"

#include "core/quant/bf16_cross.h"
#include "core/quant/float_model.h"
#include "core/quant/stored_linear.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace bwla {
namespace {

constexpr std::int64_t chunkTokens = 2048; // tokens that go through a block at once
constexpr std::int64_t sampleRows = 256;

/// One chunk of windows of the same length: (windows, tokens, cols) of both streams.
struct Pair {
    at::Tensor x;
    at::Tensor xh;
};

std::vector<at::Tensor> chunkIds(const Calibration& calibration) {
    std::vector<at::Tensor> chunks;
    const auto& windows = calibration.windows;
    for (std::size_t first = 0; first < windows.size();) {
        const auto length = static_cast<std::int64_t>(windows[first].size());
        const std::int64_t most = std::max<std::int64_t>(1, chunkTokens / length);
        std::vector<at::Tensor> rows;
        while (first < windows.size() && static_cast<std::int64_t>(rows.size()) < most &&
               static_cast<std::int64_t>(windows[first].size()) == length)
            rows.push_back(at::tensor(windows[first++], at::kInt).to(at::kLong));
        chunks.push_back(at::stack(rows));
    }
    return chunks;
}

at::Tensor flat(const at::Tensor& x) {
    return x.reshape({-1, x.size(-1)});
}

GroupInputs measure(const std::vector<Pair>& inputs) {
    GroupInputs result;
    std::int64_t rows = 0;
    for (const Pair& chunk : inputs) {
        result.moments.add(Matrix(flat(chunk.x)), Matrix(flat(chunk.xh)));
        rows += flat(chunk.xh).size(0);
    }
    const std::int64_t stride = std::max<std::int64_t>(1, rows / sampleRows);
    std::vector<at::Tensor> sample;
    for (const Pair& chunk : inputs)
        sample.push_back(flat(chunk.xh).slice(0, stride / 2, flat(chunk.xh).size(0), stride));
    result.sample = Matrix(at::cat(sample).to(at::kFloat).contiguous());
    return result;
}

} // namespace

struct TwoStreams::State {
    const ModelSource& model;
    const ModelConfig& config;
    std::string device;
    /// Of groups' inputs and outputs; the streams themselves are float32. On a processor that has
    /// them bfloat16 products: rounding is a hundredth of what one bit a weight changes.
    at::ScalarType type;
    std::vector<Pair> streams;
    RotaryTable table;

    State(const ModelSource& source, const Calibration& calibration, std::string deviceName)
        : model(source), config(source.config()), device(std::move(deviceName)),
          type(device == "cpu" && hasBf16Cross() ? fastestType(device) : at::kFloat),
          table(config, longest(calibration),
                at::TensorOptions().dtype(type).device(at::Device(device))) {
        const at::Tensor embedding = loadTensor(source, "model.embed_tokens.weight",
                                                {config.vocabulary, config.width}, device);
        for (const at::Tensor& ids : chunkIds(calibration)) {
            const at::Tensor rows = embedding.index_select(0, ids.flatten().to(embedding.device()))
                                        .view({ids.size(0), ids.size(1), config.width});
            streams.push_back({rows, rows});
        }
    }

    static std::int64_t longest(const Calibration& calibration) {
        std::size_t length = 1;
        for (const auto& window : calibration.windows)
            length = std::max(length, window.size());
        return static_cast<std::int64_t>(length);
    }

    [[nodiscard]] std::vector<Pair> normalised(const at::Tensor& gain) const {
        const auto input = [&](const at::Tensor& x) {
            return rmsNorm(x.to(type), gain, config.normEpsilon);
        };
        std::vector<Pair> inputs;
        for (const Pair& s : streams)
            inputs.push_back({input(s.x), input(s.xh)});
        return inputs;
    }

    /// What the group's outputs become: the next group's inputs, or additions to the streams.
    void follow(GroupKind kind, std::vector<Pair>& values, const FloatBlock& block) {
        for (std::size_t i = 0; i < values.size(); ++i) {
            Pair& v = values[i];
            if (kind == GroupKind::attnIn)
                v = {attention(v.x, config, table), attention(v.xh, config, table)};
            else if (kind == GroupKind::mlpIn)
                v = {gatedUnit(v.x), gatedUnit(v.xh)};
            else
                streams[i] = {streams[i].x + v.x, streams[i].xh + v.xh};
        }
        if (kind == GroupKind::attnOut)
            values = normalised(block.mlpNorm);
    }

    using Groups = std::function<QuantizedGroup(GroupKind, const FloatBlock&,
                                                const std::vector<Pair>& inputs)>;

    QuantizedBlock pass(std::int64_t layer, const Groups& quantize) {
        const FloatBlock block = loadBlock(model, layer, device);
        QuantizedBlock result;
        std::vector<Pair> values = normalised(block.attnNorm);
        for (const InputGroup& g : groups()) {
            const auto k = static_cast<std::size_t>(g.kind);
            result.groups[k] = quantize(g.kind, block, values);
            const StoredLinear stored(result.groups[k], device, type);
            const at::Tensor weight = block.weights[k].to(type);
            for (Pair& v : values)
                v = {at::matmul(v.x, weight.t()), stored(v.xh)};
            follow(g.kind, values, block);
        }
        const Matrix attnNorm(block.attnNorm.unsqueeze(0)), mlpNorm(block.mlpNorm.unsqueeze(0));
        result.attnNorm = attnNorm.toHost();
        result.mlpNorm = mlpNorm.toHost();
        return result;
    }

    [[nodiscard]] double drift(const std::vector<Pair>& before) const {
        double difference = 0.0, change = 0.0;
        const auto energy = [](const at::Tensor& x) {
            const auto length = x.narrow(1, 1, x.size(1) - 1).norm().item<double>();
            return length * length;
        };
        for (std::size_t i = 0; i < streams.size(); ++i) {
            difference += energy(streams[i].xh - streams[i].x);
            change += energy(streams[i].x - before[i].x);
        }
        return difference / std::max(change, 1e-30);
    }
};

TwoStreams::TwoStreams(const ModelSource& model, const Calibration& calibration,
                       const std::string& device)
    : state_(std::make_unique<State>(model, calibration, device)) {}

TwoStreams::~TwoStreams() = default;

TwoStreams::Advanced TwoStreams::advance(std::int64_t layer, const Quantize& quantize,
                                         const Keep& keep) {
    const std::vector<Pair> before = state_->streams;
    Advanced result;
    result.block = state_->pass(
        layer, [&](GroupKind kind, const FloatBlock& block, const std::vector<Pair>& inputs) {
            if (auto kept = keep ? keep(kind) : std::nullopt)
                return std::move(*kept);
            const auto k = static_cast<std::size_t>(kind);
            return quantize(kind, Matrix(block.weights[k]), block.outputs[k], measure(inputs));
        });
    result.drift = state_->drift(before);
    return result;
}

void TwoStreams::replay(std::int64_t layer, const QuantizedBlock& block) {
    (void)state_->pass(layer, [&](GroupKind kind, const FloatBlock&, const std::vector<Pair>&) {
        return block.groups[static_cast<std::size_t>(kind)];
    });
}

Matrix TwoStreams::floatStream() const {
    std::vector<at::Tensor> rows;
    for (const Pair& chunk : state_->streams)
        rows.push_back(flat(chunk.x));
    return Matrix(at::cat(rows));
}

Matrix TwoStreams::quantizedStream() const {
    std::vector<at::Tensor> rows;
    for (const Pair& chunk : state_->streams)
        rows.push_back(flat(chunk.xh));
    return Matrix(at::cat(rows));
}

} // namespace bwla
