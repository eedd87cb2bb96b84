// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/engine/synth.h"

#include "core/error.h"
#include "core/model/rope_frequencies.h"

#include <algorithm>
#include <array>

namespace bwla {
namespace {

struct Shape {
    std::string_view name;
    std::int64_t layers, width, feedForward, heads, kvHeads, headDim, vocabulary, context;
    double ropeTheta;
    bool tiedHead;
};

constexpr std::array<Shape, 9> shapes = {{
    {"smollm2-135m", 30, 576, 1536, 9, 3, 64, 49152, 8192, 1e5, true},
    {"llama3-1b", 16, 2048, 8192, 32, 8, 64, 128256, 131072, 5e5, true},
    {"qwen3-0.6b", 28, 1024, 3072, 16, 8, 128, 151936, 40960, 1e6, true},
    {"llama2-7b", 32, 4096, 11008, 32, 32, 128, 32000, 4096, 1e4, false},
    {"llama-3-8b", 32, 4096, 14336, 32, 8, 128, 128256, 8192, 5e5, false},
    {"qwen3-8b", 36, 4096, 12288, 32, 8, 128, 151936, 40960, 1e6, false},
    {"qwen3-14b", 40, 5120, 17408, 40, 8, 128, 151936, 40960, 1e6, false},
    {"qwen3-32b", 64, 5120, 25600, 64, 8, 128, 151936, 40960, 1e6, false},
    {"tiny", 2, 96, 160, 6, 2, 16, 300, 512, 1e4, true},
}};

ModelConfig configOf(const Shape& shape) {
    const Json unscaled;
    return {.family = "synth",
            .name = std::string(shape.name),
            .layers = shape.layers,
            .width = shape.width,
            .feedForward = shape.feedForward,
            .heads = shape.heads,
            .kvHeads = shape.kvHeads,
            .headDim = shape.headDim,
            .vocabulary = shape.vocabulary,
            .context = shape.context,
            .normEpsilon = 1e-6F,
            .ropeTheta = shape.ropeTheta,
            .inverseFrequencies =
                ropeFrequencies(shape.headDim, shape.ropeTheta, JsonObject(unscaled, "")),
            .tiedHead = shape.tiedHead};
}

double bytesPerWeight(WeightKind kind) {
    return kind == WeightKind::binary ? 0.125 : kind == WeightKind::rowInt8 ? 1.0 : 2.0;
}

} // namespace

std::string SynthModel::format() const {
    return weights == WeightKind::binary ? "w1a" + std::to_string(activationBits) : "f16";
}

std::int64_t SynthModel::weightBytes() const {
    double bytes =
        static_cast<double>((config.tiedHead ? 1 : 2) * config.vocabulary * config.width) *
        bytesPerWeight(tables);
    for (const InputGroup& group : groups())
        for (int i = 0; i < static_cast<int>(group.linears.size()); ++i) {
            const auto rows = static_cast<double>(config.linearOutputs(group.kind, i));
            const auto cols = static_cast<double>(config.groupInputs(group.kind));
            const double extras =
                weights == WeightKind::binary ? 8.0 + static_cast<double>(rank) : 0;
            bytes += static_cast<double>(config.layers) * rows *
                     (cols * bytesPerWeight(weights) + extras);
        }
    return static_cast<std::int64_t>(bytes);
}

std::vector<std::string> synthNames() {
    std::vector<std::string> names;
    for (const Shape& shape : shapes)
        names.emplace_back(shape.name);
    return names;
}

SynthModel synthModel(std::string_view name, std::string_view format) {
    const auto shape = std::ranges::find(shapes, name, &Shape::name);
    if (shape == shapes.end())
        throw Error(ErrorCode::badArgument)
            .because("There is no shape \"" + std::string(name) + "\" to make.");
    if (format == "f16")
        return {configOf(*shape), WeightKind::f16, 16, 0, WeightKind::f16};
    if (format != "w1a6")
        throw Error(ErrorCode::badArgument)
            .because("Random weights come as w1a6 or f16, not " + std::string(format) + ".");
    return {configOf(*shape), WeightKind::binary, 6, 16, WeightKind::rowInt8};
}

} // namespace bwla
