// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/quantized_block.h"
#include "core/model/tensor_names.h"
#include "core/model/tensor_reader.h"

namespace bwla {
namespace {

/// Side of a square tensor; 0 where it is absent.
std::int64_t squareSide(const TensorReader& reader, const std::string& name) {
    if (!reader.has(name))
        return 0;
    const auto& shape = reader.file().at(name).shape;
    if (shape.size() != 2 || shape[0] != shape[1])
        reader.badShape(name, "it is " + shapeText(shape) + " and not square");
    return shape[0];
}

StoredFactor readFactor(const TensorReader& reader, const std::string& name) {
    StoredFactor factor;
    factor.size = squareSide(reader, name);
    if (factor.size == 0)
        return factor;
    factor.values = reader.read<std::int8_t>(name, DType::i8, {factor.size, factor.size});
    factor.scale = reader.floats(name + "_scale", {}).front();
    return factor;
}

/// Rows of low_rank_b; 0 where the group has no low-rank term.
std::int64_t readRank(const TensorReader& reader, const std::string& name) {
    if (!reader.has(name))
        return 0;
    const auto& shape = reader.file().at(name).shape;
    if (shape.size() != 2 || shape[0] <= 0)
        reader.badShape(name, "it is " + shapeText(shape) + " and no matrix");
    return shape[0];
}

/// No sum may count the pad bits, so the format keeps them 0.
void checkPadBits(const TensorReader& reader, const std::string& name,
                  const std::vector<std::uint32_t>& signs, std::int64_t cols) {
    if (cols % 32 == 0)
        return;
    const auto words = static_cast<std::size_t>(HostLinear::wordsPerRow(cols));
    for (std::size_t last = words - 1; last < signs.size(); last += words)
        if (signs[last] >> (cols % 32) != 0)
            reader.refuse(name, "pad bits are set");
}

QuantizedLinear readLinear(const TensorReader& reader, const std::string& name, std::int64_t rows,
                           std::int64_t cols, std::int64_t rank) {
    QuantizedLinear linear;
    linear.rows = rows;
    const std::string packed = name + ".weight_packed";
    linear.signs =
        reader.read<std::uint32_t>(packed, DType::u32, {rows, HostLinear::wordsPerRow(cols)});
    checkPadBits(reader, packed, linear.signs, cols);
    linear.scale = reader.halves(name + ".weight_scale", {rows});
    if (reader.has(name + ".weight_mean"))
        linear.mean = reader.halves(name + ".weight_mean", {rows});
    if (rank == 0)
        return linear;
    linear.lowRankA = reader.read<std::int8_t>(name + ".low_rank_a", DType::i8, {rows, rank});
    linear.lowRankAScale = reader.halves(name + ".low_rank_a_scale", {rank});
    return linear;
}

std::vector<KeptLinear> readKept(const TensorReader& reader, const std::string& prefix,
                                 const InputGroup& names, const ModelConfig& config) {
    std::vector<KeptLinear> linears;
    for (std::size_t i = 0; i < names.linears.size(); ++i) {
        const std::string name = prefix + std::string(names.linears[i]) + ".weight";
        KeptLinear linear;
        linear.rows = config.linearOutputs(names.kind, static_cast<int>(i));
        linear.type = reader.file().at(name).type == DType::bf16 ? DType::bf16 : DType::f16;
        linear.weight =
            reader.halves(name, {linear.rows, config.groupInputs(names.kind)}, linear.type);
        linears.push_back(std::move(linear));
    }
    return linears;
}

QuantizedGroup readGroup(const TensorReader& reader, const std::string& prefix,
                         const InputGroup& names, const ModelConfig& config) {
    const std::string name = prefix + std::string(names.name);
    QuantizedGroup group;
    group.cols = config.groupInputs(names.kind);
    if (reader.has(prefix + std::string(names.linears.front()) + ".weight")) {
        group.kept = readKept(reader, prefix, names, config);
        return group;
    }
    group.factorA = readFactor(reader, name + ".transform_a");
    group.factorB = readFactor(reader, name + ".transform_b");
    const bool rotated = group.factorA.size != 0 || group.factorB.size != 0;
    if (rotated && group.factorA.size * group.factorB.size != group.cols)
        reader.badShape(name + ".transform_a", "factors of " + std::to_string(group.factorA.size) +
                                                   " and " + std::to_string(group.factorB.size) +
                                                   " do not make " + std::to_string(group.cols) +
                                                   " inputs");
    if (reader.has(name + ".input_scale"))
        group.inputScale = reader.halves(name + ".input_scale", {group.cols});
    const auto clip = reader.halves(name + ".input_clip", {2});
    group.inputClip = {clip[0], clip[1]};
    group.rank = readRank(reader, name + ".low_rank_b");
    if (group.rank > 0) {
        group.lowRankB =
            reader.read<std::int8_t>(name + ".low_rank_b", DType::i8, {group.rank, group.cols});
        group.lowRankBScale = reader.halves(name + ".low_rank_b_scale", {group.rank});
    }
    for (std::size_t i = 0; i < names.linears.size(); ++i)
        group.linears.push_back(readLinear(reader, prefix + std::string(names.linears[i]),
                                           config.linearOutputs(names.kind, static_cast<int>(i)),
                                           group.cols, group.rank));
    return group;
}

} // namespace

QuantizedBlock readBlock(const SafetensorsFile& file, std::int64_t layer,
                         const ModelConfig& config) {
    const TensorReader reader(file);
    QuantizedBlock block;
    for (const InputGroup& g : groups())
        block.groups[static_cast<std::size_t>(g.kind)] =
            readGroup(reader, layerPrefix(layer), g, config);
    block.attnNorm = reader.floats(attnNormName(layer), {config.width});
    block.mlpNorm = reader.floats(mlpNormName(layer), {config.width});
    return block;
}

} // namespace bwla
