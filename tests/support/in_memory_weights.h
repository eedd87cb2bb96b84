// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/model_weights.h"
#include "equal_factors.h"
#include "kernels/half.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace bwla::test {

/// A model made by the test itself; every part may be changed before it is uploaded.
struct InMemoryWeights : ModelWeights {
    ModelConfig shape;
    std::vector<LayerWeights> layers;
    HostLinear table, headTable;
    std::vector<float> norm;
    int bits = 16;

    [[nodiscard]] const ModelConfig& config() const override { return shape; }
    [[nodiscard]] LayerWeights layer(std::int64_t i) const override {
        return layers.at(static_cast<std::size_t>(i));
    }
    [[nodiscard]] HostLinear embedding() const override { return table; }
    [[nodiscard]] HostLinear head() const override { return headTable; }
    [[nodiscard]] std::vector<float> finalNorm() const override { return norm; }
    [[nodiscard]] int activationBits() const override { return bits; }
    [[nodiscard]] std::string format() const override { return bits == 16 ? "f32" : "w1a6"; }
};

/// Odd on purpose: 48 and 80 inputs leave pad bits in the last word of a row of signs, heads of 12
/// do not divide 32, two query heads share a key head.
inline ModelConfig tinyConfig(std::int64_t vocabulary = 70, bool tied = true) {
    ModelConfig c;
    c.family = "llama";
    c.layers = 3;
    c.width = 48;
    c.feedForward = 80;
    c.heads = 4;
    c.kvHeads = 2;
    c.headDim = 12;
    c.vocabulary = vocabulary;
    c.context = 512;
    c.tiedHead = tied;
    for (int i = 0; i < c.headDim / 2; ++i)
        c.inverseFrequencies.push_back(
            static_cast<float>(std::pow(c.ropeTheta, -2.0 * i / static_cast<double>(c.headDim))));
    return c;
}

class Random {
public:
    explicit Random(std::uint32_t seed) : engine_(seed) {}
    std::vector<float> normal(std::int64_t count, float deviation, float mean = 0.0F) {
        std::normal_distribution<float> draw(mean, deviation);
        std::vector<float> values(static_cast<std::size_t>(count));
        std::generate(values.begin(), values.end(), [&] { return draw(engine_); });
        return values;
    }
    std::vector<float> uniform(std::int64_t count, float low, float high) {
        std::uniform_real_distribution<float> draw(low, high);
        std::vector<float> values(static_cast<std::size_t>(count));
        std::generate(values.begin(), values.end(), [&] { return draw(engine_); });
        return values;
    }
    std::vector<std::int8_t> int8(std::int64_t count) {
        std::uniform_int_distribution<int> draw(-127, 127);
        std::vector<std::int8_t> values(static_cast<std::size_t>(count));
        std::generate(values.begin(), values.end(),
                      [&] { return static_cast<std::int8_t>(draw(engine_)); });
        return values;
    }
    std::vector<std::int32_t> tokens(std::int64_t count, std::int64_t vocabulary) {
        std::uniform_int_distribution<std::int32_t> draw(0,
                                                         static_cast<std::int32_t>(vocabulary - 1));
        std::vector<std::int32_t> values(static_cast<std::size_t>(count));
        std::generate(values.begin(), values.end(), [&] { return draw(engine_); });
        return values;
    }

private:
    std::mt19937 engine_;
};

inline HostLinear floatLinear(std::int64_t rows, std::int64_t cols, std::vector<float> values) {
    HostLinear linear;
    linear.kind = WeightKind::f32;
    linear.rows = rows;
    linear.cols = cols;
    linear.f32 = std::move(values);
    return linear;
}

/// Signs of `values` packed as HostLinear says, scale = mean |row|.
inline HostLinear signLinear(std::int64_t rows, std::int64_t cols,
                             const std::vector<float>& values) {
    HostLinear linear;
    linear.kind = WeightKind::binary;
    linear.rows = rows;
    linear.cols = cols;
    const std::int64_t words = HostLinear::wordsPerRow(cols);
    linear.signs.assign(static_cast<std::size_t>(rows * words), 0U);
    for (std::int64_t i = 0; i < rows; ++i) {
        double sum = 0.0;
        for (std::int64_t j = 0; j < cols; ++j) {
            const float value = values[static_cast<std::size_t>(i * cols + j)];
            sum += std::abs(value);
            if (value > 0.0F)
                linear.signs[static_cast<std::size_t>(i * words + j / 32)] |= 1U << (j % 32);
        }
        linear.scale.push_back(static_cast<float>(sum / static_cast<double>(cols)));
    }
    return linear;
}

/// A random orthogonal matrix (Gram-Schmidt on Gaussian rows).
inline std::vector<float> orthogonal(std::int64_t size, Random& random) {
    std::vector<float> m = random.normal(size * size, 1.0F);
    const auto row = [&](std::int64_t i) { return m.begin() + i * size; };
    for (std::int64_t i = 0; i < size; ++i) {
        for (std::int64_t k = 0; k < i; ++k) {
            double dot = 0.0;
            for (std::int64_t j = 0; j < size; ++j)
                dot += row(i)[j] * row(k)[j];
            for (std::int64_t j = 0; j < size; ++j)
                row(i)[j] -= static_cast<float>(dot) * row(k)[j];
        }
        double square = 0.0;
        for (std::int64_t j = 0; j < size; ++j)
            square += row(i)[j] * row(i)[j];
        for (std::int64_t j = 0; j < size; ++j)
            row(i)[j] /= static_cast<float>(std::sqrt(square));
    }
    return m;
}

/// Every optional part of a quantized input at once: rotation, column scale, clip, low rank.
inline HostInput fullInput(std::int64_t cols, std::int64_t rank, Random& random) {
    HostInput input;
    input.cols = cols;
    std::tie(input.factor1, input.factor2) = equalFactors(cols);
    input.r1 = orthogonal(input.factor1, random);
    input.r2 = orthogonal(input.factor2, random);
    input.columnScale = random.uniform(cols, 0.7F, 1.3F);
    input.clipLow = 0.95F;
    input.clipHigh = 0.9F;
    input.rank = rank;
    input.lowRankB = random.int8(rank * cols);
    input.lowRankBScale = random.uniform(rank, 0.5e-3F, 1e-3F);
    return input;
}

inline void addLowRank(HostLinear& linear, std::int64_t rank, Random& random) {
    linear.rank = rank;
    linear.lowRankA = random.int8(linear.rows * rank);
    linear.lowRankAScale = random.uniform(rank, 0.5e-3F, 1e-3F);
}

/// `group(kind, cols, outputs)` makes the weights of one group, outputs listing rows a linear.
using GroupMaker =
    std::function<GroupWeights(GroupKind, std::int64_t, const std::vector<std::int64_t>&)>;

inline InMemoryWeights makeWeights(const ModelConfig& config, const GroupMaker& group,
                                   Random& random) {
    InMemoryWeights weights;
    weights.shape = config;
    for (std::int64_t l = 0; l < config.layers; ++l) {
        LayerWeights layer;
        for (const InputGroup& g : groups()) {
            std::vector<std::int64_t> outputs;
            for (int i = 0; i < static_cast<int>(g.linears.size()); ++i)
                outputs.push_back(config.linearOutputs(g.kind, i));
            layer.groups[static_cast<std::size_t>(g.kind)] =
                group(g.kind, config.groupInputs(g.kind), outputs);
        }
        layer.attnNorm = random.uniform(config.width, 0.5F, 1.5F);
        layer.mlpNorm = random.uniform(config.width, 0.5F, 1.5F);
        weights.layers.push_back(std::move(layer));
    }
    weights.norm = random.uniform(config.width, 0.5F, 1.5F);
    const std::int64_t cells = config.vocabulary * config.width;
    weights.table = floatLinear(config.vocabulary, config.width, random.normal(cells, 0.3F));
    if (!config.tiedHead)
        weights.headTable =
            floatLinear(config.vocabulary, config.width, random.normal(cells, 0.3F));
    return weights;
}

/// Float32 weights of deviation 0.3, so that every part of a block shows in the logits.
inline InMemoryWeights floatModel(const ModelConfig& config, std::uint32_t seed) {
    Random random(seed);
    return makeWeights(
        config,
        [&](GroupKind, std::int64_t cols, const std::vector<std::int64_t>& outputs) {
            GroupWeights group;
            group.input.cols = cols;
            for (const std::int64_t rows : outputs)
                group.linears.push_back(floatLinear(rows, cols, random.normal(rows * cols, 0.3F)));
            return group;
        },
        random);
}

/// Random W1A6 weights that use every field of HostLinear and HostInput.
inline InMemoryWeights binaryModel(const ModelConfig& config, std::uint32_t seed) {
    constexpr std::int64_t rank = 3;
    Random random(seed);
    InMemoryWeights weights = makeWeights(
        config,
        [&](GroupKind, std::int64_t cols, const std::vector<std::int64_t>& outputs) {
            GroupWeights group;
            group.input = fullInput(cols, rank, random);
            for (const std::int64_t rows : outputs) {
                HostLinear linear = signLinear(rows, cols, random.normal(rows * cols, 0.2F));
                linear.mean = random.normal(rows, 0.01F);
                addLowRank(linear, rank, random);
                group.linears.push_back(std::move(linear));
            }
            return group;
        },
        random);
    weights.bits = 6;
    return weights;
}

/// Puts F16 weights in place of a group, as an artifact keeps it in float.
inline void keepInFloat(GroupWeights& group, Random& random) {
    const std::int64_t cols = group.input.cols;
    group.input = {};
    group.input.cols = cols;
    group.kept = true;
    for (HostLinear& linear : group.linears) {
        const std::vector<float> values = random.normal(linear.rows * cols, 0.2F);
        HostLinear kept;
        kept.kind = WeightKind::f16;
        kept.rows = linear.rows;
        kept.cols = cols;
        kept.f16.resize(values.size());
        std::ranges::transform(values, kept.f16.begin(), floatToHalf);
        linear = std::move(kept);
    }
}

/// max |a - b| / max |b|; 1e9 where sizes differ or a value of `a` is not finite.
inline double relativeError(const std::vector<float>& a, const std::vector<float>& b) {
    if (a.size() != b.size() || b.empty())
        return 1e9;
    double difference = 0.0;
    double largest = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (!std::isfinite(a[i]))
            return 1e9;
        difference = std::max(difference, double(std::abs(a[i] - b[i])));
        largest = std::max(largest, double(std::abs(b[i])));
    }
    return difference / largest;
}

} // namespace bwla::test
