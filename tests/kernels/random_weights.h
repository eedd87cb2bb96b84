// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "kernels/half.h"
#include "kernels/host_linear.h"

#include <cstdint>
#include <random>
#include <vector>

namespace bwla::test {

inline std::vector<float> randomFloats(std::int64_t count, std::uint32_t seed, float sigma = 1.0F) {
    std::mt19937 engine(seed);
    std::normal_distribution<float> normal(0.0F, sigma);
    std::vector<float> values(static_cast<std::size_t>(count));
    for (float& value : values)
        value = normal(engine);
    return values;
}

inline std::vector<std::int8_t> randomInt8(std::int64_t count, std::uint32_t seed) {
    std::mt19937 engine(seed);
    std::uniform_int_distribution<int> any(-127, 127);
    std::vector<std::int8_t> values(static_cast<std::size_t>(count));
    for (std::int8_t& value : values)
        value = static_cast<std::int8_t>(any(engine));
    return values;
}

/// Every array a kind can have is filled; `rank` and means only for signs. Pad bits are set on
/// purpose: no kernel may count them.
inline HostLinear randomLinear(WeightKind kind, std::int64_t rows, std::int64_t cols,
                               std::uint32_t seed, std::int64_t rank = 0, bool means = false) {
    HostLinear linear;
    linear.kind = kind;
    linear.rows = rows;
    linear.cols = cols;
    const auto values = randomFloats(rows * cols, seed, 0.05F);
    if (kind == WeightKind::f32)
        linear.f32 = values;
    if (kind == WeightKind::f16)
        for (const float value : values)
            linear.f16.push_back(floatToHalf(value));
    if (kind == WeightKind::rowInt8)
        linear.int8 = randomInt8(rows * cols, seed);
    if (kind == WeightKind::binary) {
        std::mt19937 engine(seed);
        linear.signs.resize(static_cast<std::size_t>(rows * HostLinear::wordsPerRow(cols)));
        for (std::uint32_t& word : linear.signs)
            word = static_cast<std::uint32_t>(engine());
        linear.rank = rank;
        linear.lowRankA = randomInt8(rows * rank, seed + 1);
        linear.lowRankAScale = std::vector<float>(static_cast<std::size_t>(rank), 0.001F);
        if (means)
            linear.mean = randomFloats(rows, seed + 2, 0.01F);
    }
    if (kind == WeightKind::binary || kind == WeightKind::rowInt8)
        linear.scale = randomFloats(rows, seed + 3, 0.05F);
    return linear;
}

/// Rotation where factor1 > 0 (not orthogonal: kernels need not care), column scale, clips, rank.
inline HostInput randomInput(std::int64_t cols, std::int64_t factor1, std::int64_t rank,
                             std::uint32_t seed) {
    HostInput input;
    input.cols = cols;
    input.factor1 = factor1;
    if (factor1 > 0) {
        input.factor2 = cols / factor1;
        input.r1 = randomFloats(factor1 * factor1, seed, 0.3F);
        input.r2 = randomFloats(input.factor2 * input.factor2, seed + 1, 0.3F);
        input.columnScale = randomFloats(cols, seed + 2);
    }
    input.clipLow = 0.9F;
    input.clipHigh = 0.8F;
    input.rank = rank;
    input.lowRankB = randomInt8(rank * cols, seed + 3);
    input.lowRankBScale = std::vector<float>(static_cast<std::size_t>(rank), 0.002F);
    return input;
}

/// W_ij of any kind, without means and low rank.
inline double weightValue(const HostLinear& linear, std::int64_t i, std::int64_t j) {
    const auto at = static_cast<std::size_t>(i * linear.cols + j);
    const auto row = static_cast<std::size_t>(i);
    switch (linear.kind) {
    case WeightKind::f32:
        return linear.f32[at];
    case WeightKind::f16:
        return halfToFloat(linear.f16[at]);
    case WeightKind::rowInt8:
        return double{linear.scale[row]} * linear.int8[at];
    default: {
        const auto word =
            static_cast<std::size_t>(i * HostLinear::wordsPerRow(linear.cols) + j / 32);
        return (linear.signs[word] >> (j % 32) & 1U) != 0 ? linear.scale[row] : -linear.scale[row];
    }
    }
}

} // namespace bwla::test
