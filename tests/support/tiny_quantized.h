// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/half.h"
#include "core/model/model_config.h"
#include "core/model/quantized_block.h"
#include "equal_factors.h"

#include <cmath>
#include <cstdint>
#include <random>
#include <utility>

namespace bwla::test {

/// What a random quantized block has.
struct BlockShape {
    std::int64_t rank = 3;
    bool rotation = true;
    bool columnScale = true;
    bool mean = true;
};

/// A block whose every stored field holds sound random values, the same for the same seed.
class RandomBlock {
public:
    explicit RandomBlock(unsigned seed) : random_(seed) {}

    QuantizedBlock make(const ModelConfig& config, const BlockShape& shape = {}) {
        QuantizedBlock block;
        for (const InputGroup& g : groups())
            block.groups[static_cast<std::size_t>(g.kind)] = group(g, config, shape);
        for (std::int64_t i = 0; i < config.width; ++i) {
            block.attnNorm.push_back(0.5F + real_(random_));
            block.mlpNorm.push_back(0.5F + real_(random_));
        }
        return block;
    }

private:
    QuantizedGroup group(const InputGroup& names, const ModelConfig& config,
                         const BlockShape& shape) {
        QuantizedGroup group;
        group.cols = config.groupInputs(names.kind);
        if (shape.rotation) {
            const auto [first, second] = equalFactors(group.cols);
            group.factorA = factor(first);
            group.factorB = factor(second);
        }
        if (shape.columnScale)
            group.inputScale = halves(group.cols, 0.5F);
        group.inputClip = {floatToHalf(0.95F), floatToHalf(0.9F)};
        group.rank = shape.rank;
        group.lowRankB = bytes(shape.rank * group.cols);
        group.lowRankBScale = halves(shape.rank, 0.001F);
        for (int i = 0; i < static_cast<int>(names.linears.size()); ++i)
            group.linears.push_back(linear(config.linearOutputs(names.kind, i), group.cols, shape));
        return group;
    }

    QuantizedLinear linear(std::int64_t rows, std::int64_t cols, const BlockShape& shape) {
        QuantizedLinear linear;
        linear.rows = rows;
        const std::int64_t words = HostLinear::wordsPerRow(cols);
        for (std::int64_t word = 0; word < rows * words; ++word) {
            const bool last = word % words == words - 1 && cols % 32 != 0;
            const std::uint32_t mask = last ? (1U << (cols % 32)) - 1U : UINT32_MAX;
            linear.signs.push_back(static_cast<std::uint32_t>(random_()) & mask);
        }
        linear.scale = halves(rows, 0.05F);
        if (shape.mean)
            linear.mean = halves(rows, 0.002F);
        linear.lowRankA = bytes(rows * shape.rank);
        linear.lowRankAScale = halves(shape.rank, 0.001F);
        return linear;
    }

    /// Near the identity, so that products stay of ordinary size.
    StoredFactor factor(std::int64_t size) {
        StoredFactor factor;
        factor.size = size;
        factor.scale = 1.0F / 127.0F;
        for (std::int64_t i = 0; i < size * size; ++i)
            factor.values.push_back(static_cast<std::int8_t>(
                i % (size + 1) == 0 ? 120 : static_cast<int>(random_() % 21) - 10));
        return factor;
    }

    std::vector<std::int8_t> bytes(std::int64_t count) {
        std::vector<std::int8_t> values;
        for (std::int64_t i = 0; i < count; ++i)
            values.push_back(static_cast<std::int8_t>(static_cast<int>(random_() % 255) - 127));
        return values;
    }

    std::vector<std::uint16_t> halves(std::int64_t count, float size) {
        std::vector<std::uint16_t> values;
        for (std::int64_t i = 0; i < count; ++i)
            values.push_back(floatToHalf(size * (0.5F + real_(random_))));
        return values;
    }

    std::mt19937 random_;
    std::uniform_real_distribution<float> real_;
};

inline QuantizedBlock randomBlock(const ModelConfig& config, std::int64_t layer,
                                  const BlockShape& shape = {}) {
    return RandomBlock(static_cast<unsigned>(layer) + 1).make(config, shape);
}

} // namespace bwla::test
