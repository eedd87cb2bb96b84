// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/quantized_block.h"

#include "core/model/half.h"
#include "core/model/tensor_names.h"

#include <algorithm>
#include <span>

namespace bwla {
namespace {

std::vector<float> floats(std::span<const std::uint16_t> halves) {
    std::vector<float> values(halves.size());
    std::ranges::transform(halves, values.begin(), halfToFloat);
    return values;
}

std::vector<float> floats(const StoredFactor& factor) {
    std::vector<float> values(factor.values.size());
    std::ranges::transform(factor.values, values.begin(), [&](std::int8_t value) {
        return static_cast<float>(value) * factor.scale;
    });
    return values;
}

HostLinear toHost(const QuantizedLinear& linear, std::int64_t cols, std::int64_t rank) {
    HostLinear host;
    host.kind = WeightKind::binary;
    host.rows = linear.rows;
    host.cols = cols;
    host.signs = linear.signs;
    host.scale = floats(linear.scale);
    host.mean = floats(linear.mean);
    host.rank = rank;
    host.lowRankA = linear.lowRankA;
    host.lowRankAScale = floats(linear.lowRankAScale);
    return host;
}

HostLinear toHost(const KeptLinear& linear, std::int64_t cols) {
    HostLinear host;
    host.kind = WeightKind::f16;
    host.rows = linear.rows;
    host.cols = cols;
    host.f16 = linear.weight;
    if (linear.type == DType::bf16)
        std::ranges::transform(host.f16, host.f16.begin(), [](std::uint16_t bits) {
            return floatToHalf(bfloat16ToFloat(bits));
        });
    return host;
}

/// Collects tensors under a common prefix; absent parts (empty vectors) are left out.
class Collector {
public:
    explicit Collector(std::string prefix) : prefix_(std::move(prefix)) {}

    template<class T>
    void add(const std::string& name, DType type, std::vector<std::int64_t> shape,
             const std::vector<T>& values) {
        if (values.empty())
            return;
        const auto bytes = std::as_bytes(std::span(values));
        tensors_.push_back({prefix_ + name, type, std::move(shape), {bytes.begin(), bytes.end()}});
    }

    [[nodiscard]] std::vector<NamedTensor> sorted() && {
        std::ranges::sort(tensors_, {}, &NamedTensor::name);
        return std::move(tensors_);
    }

private:
    std::string prefix_;
    std::vector<NamedTensor> tensors_;
};

void addFactor(Collector& out, const std::string& name, const StoredFactor& factor) {
    if (factor.size == 0)
        return;
    out.add(name, DType::i8, {factor.size, factor.size}, factor.values);
    out.add(name + "_scale", DType::f32, {}, std::vector{factor.scale});
}

void addLinear(Collector& out, const std::string& name, const QuantizedLinear& linear,
               std::int64_t cols, std::int64_t rank) {
    const std::int64_t rows = linear.rows;
    out.add(name + ".weight_packed", DType::u32, {rows, HostLinear::wordsPerRow(cols)},
            linear.signs);
    out.add(name + ".weight_scale", DType::f16, {rows}, linear.scale);
    out.add(name + ".weight_mean", DType::f16, {rows}, linear.mean);
    out.add(name + ".low_rank_a", DType::i8, {rows, rank}, linear.lowRankA);
    out.add(name + ".low_rank_a_scale", DType::f16, {rank}, linear.lowRankAScale);
}

void addKept(Collector& out, const InputGroup& names, const QuantizedGroup& group) {
    for (std::size_t i = 0; i < group.kept.size(); ++i)
        out.add(std::string(names.linears[i]) + ".weight", group.kept[i].type,
                {group.kept[i].rows, group.cols}, group.kept[i].weight);
}

void addGroup(Collector& out, const InputGroup& names, const QuantizedGroup& group) {
    if (group.isKept())
        return addKept(out, names, group);
    const std::string name(names.name);
    addFactor(out, name + ".transform_a", group.factorA);
    addFactor(out, name + ".transform_b", group.factorB);
    out.add(name + ".input_scale", DType::f16, {group.cols}, group.inputScale);
    out.add(name + ".input_clip", DType::f16, {2},
            std::vector<std::uint16_t>(group.inputClip.begin(), group.inputClip.end()));
    out.add(name + ".low_rank_b", DType::i8, {group.rank, group.cols}, group.lowRankB);
    out.add(name + ".low_rank_b_scale", DType::f16, {group.rank}, group.lowRankBScale);
    for (std::size_t i = 0; i < group.linears.size(); ++i)
        addLinear(out, std::string(names.linears[i]), group.linears[i], group.cols, group.rank);
}

} // namespace

GroupWeights toHost(const QuantizedGroup& group) {
    GroupWeights host;
    HostInput& input = host.input;
    input.cols = group.cols;
    host.kept = group.isKept();
    if (host.kept) {
        for (const KeptLinear& linear : group.kept)
            host.linears.push_back(toHost(linear, group.cols));
        return host;
    }
    input.factor1 = group.factorA.size;
    input.factor2 = group.factorB.size;
    input.r1 = floats(group.factorA);
    input.r2 = floats(group.factorB);
    input.columnScale = floats(group.inputScale);
    input.clipLow = halfToFloat(group.inputClip[0]);
    input.clipHigh = halfToFloat(group.inputClip[1]);
    input.rank = group.rank;
    input.lowRankB = group.lowRankB;
    input.lowRankBScale = floats(group.lowRankBScale);
    for (const QuantizedLinear& linear : group.linears)
        host.linears.push_back(toHost(linear, group.cols, group.rank));
    return host;
}

std::vector<NamedTensor> blockTensors(const QuantizedBlock& block, std::int64_t layer) {
    Collector out(layerPrefix(layer));
    for (const InputGroup& g : groups())
        addGroup(out, g, block.groups[static_cast<std::size_t>(g.kind)]);
    const auto width = static_cast<std::int64_t>(block.attnNorm.size());
    out.add("input_layernorm.weight", DType::f32, {width}, block.attnNorm);
    out.add("post_attention_layernorm.weight", DType::f32, {width}, block.mlpNorm);
    return std::move(out).sorted();
}

LayerWeights toHost(const QuantizedBlock& block) {
    LayerWeights weights;
    for (std::size_t g = 0; g < groupCount; ++g)
        weights.groups[g] = toHost(block.groups[g]);
    weights.attnNorm = block.attnNorm;
    weights.mlpNorm = block.mlpNorm;
    return weights;
}

} // namespace bwla
