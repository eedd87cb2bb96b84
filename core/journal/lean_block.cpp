// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/journal/lean_block.h"

#include "core/error.h"
#include "core/model/tensor_names.h"
#include "kernels/host_linear.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

namespace bwla {
namespace {

/// A tensor that a parcel leaves out.
struct LeftOut {
    std::string name;
    std::int64_t rows = 0, cols = 0; ///< of signs or of a factor
    bool isFactor = false;
};

/// In the order in which latents and sizes of factors lie in a parcel. `file` has all the rest.
std::vector<LeftOut> leftOut(const SafetensorsFile& file, std::int64_t layer,
                             const ModelConfig& config) {
    std::vector<LeftOut> tensors;
    const std::string prefix = layerPrefix(layer);
    for (const InputGroup& g : groups()) {
        const auto linear = [&](std::size_t i) { return prefix + std::string(g.linears[i]); };
        if (file.has(linear(0) + ".weight")) // kept in float
            continue;
        const std::int64_t cols = config.groupInputs(g.kind);
        const std::string factorB = prefix + std::string(g.name) + ".low_rank_b";
        const std::int64_t rank =
            file.has(factorB + "_scale") ? file.at(factorB + "_scale").elements() : 0;
        if (rank > 0)
            tensors.push_back({factorB, rank, cols, true});
        for (std::size_t i = 0; i < g.linears.size(); ++i) {
            const std::int64_t rows = config.linearOutputs(g.kind, static_cast<int>(i));
            tensors.push_back({linear(i) + ".weight_packed", rows, cols, false});
            if (rank > 0)
                tensors.push_back({linear(i) + ".low_rank_a", rows, rank, true});
        }
    }
    return tensors;
}

std::int8_t rootMeanSquare(std::span<const std::byte> bytes) {
    double sum = 0.0;
    for (const std::byte b : bytes) {
        const double x = static_cast<std::int8_t>(b);
        sum += x * x;
    }
    const auto count = static_cast<double>(std::max<std::size_t>(1, bytes.size()));
    return static_cast<std::int8_t>(std::lround(std::sqrt(sum / count)));
}

NamedTensor signPlane(const LeftOut& plane, std::span<const std::int8_t> latents) {
    const auto words = static_cast<std::size_t>(HostLinear::wordsPerRow(plane.cols)),
               cols = static_cast<std::size_t>(plane.cols);
    std::vector<std::uint32_t> bits(static_cast<std::size_t>(plane.rows) * words);
    for (std::size_t i = 0; i < latents.size(); ++i)
        if (latents[i] > 0)
            bits[i / cols * words + i % cols / 32] |= 1U << (i % cols % 32);
    NamedTensor tensor{plane.name, DType::u32, {plane.rows, static_cast<std::int64_t>(words)}, {}};
    tensor.bytes.resize(bits.size() * sizeof(std::uint32_t));
    std::memcpy(tensor.bytes.data(), bits.data(), tensor.bytes.size());
    return tensor;
}

} // namespace

LeanBlock leanBlock(const SafetensorsFile& file, std::int64_t layer, const ModelConfig& config) {
    LeanBlock block;
    std::vector<std::string> without;
    for (const LeftOut& tensor : leftOut(file, layer, config)) {
        const TensorView& view = file.at(tensor.name);
        without.push_back(view.name);
        if (tensor.isFactor)
            block.factorSizes.push_back(rootMeanSquare(view.bytes));
    }
    for (const auto& [name, view] : file.tensors())
        if (std::ranges::find(without, name) == without.end())
            block.tensors.push_back(
                {name, view.type, view.shape, {view.bytes.begin(), view.bytes.end()}});
    return block;
}

std::span<const std::int8_t> Supply::take(std::int64_t count, const char* name) {
    const auto wanted = static_cast<std::size_t>(count);
    if (wanted > rest_.size())
        throw Error(ErrorCode::badShape).of(name).because("the parcel is another model's");
    const auto taken = rest_.first(wanted);
    rest_ = rest_.subspan(wanted);
    return taken;
}

std::vector<NamedTensor> wholeBlock(const SafetensorsFile& parcel, std::int64_t layer,
                                    const ModelConfig& config, Supply& latents,
                                    Supply& factorSizes) {
    std::vector<NamedTensor> tensors;
    for (const auto& [name, view] : parcel.tensors())
        if (name.starts_with(layerPrefix(layer)))
            tensors.push_back(
                {name, view.type, view.shape, {view.bytes.begin(), view.bytes.end()}});
    for (const LeftOut& tensor : leftOut(parcel, layer, config)) {
        const std::int64_t size = tensor.rows * tensor.cols;
        if (tensor.isFactor)
            tensors.push_back(
                {tensor.name,
                 DType::i8,
                 {tensor.rows, tensor.cols},
                 {static_cast<std::size_t>(size),
                  static_cast<std::byte>(factorSizes.take(1, "low_rank_sizes").front())}});
        else
            tensors.push_back(signPlane(tensor, latents.take(size, "latents")));
    }
    std::ranges::sort(tensors, {}, &NamedTensor::name);
    return tensors;
}

} // namespace bwla
