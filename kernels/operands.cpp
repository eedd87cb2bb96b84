// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/operands.h"

#include "kernels/half.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace bwla {

std::vector<float> randomFloats(std::int64_t count, std::uint32_t seed, float sigma) {
    std::mt19937_64 engine(seed);
    // Four 16-bit uniforms, mean 4 * 65535 / 2, variance 4 * 65536^2 / 12: a bell for one draw.
    const float scale = sigma / (65536.0F * std::sqrt(4.0F / 12.0F));
    std::vector<float> values(static_cast<std::size_t>(count));
    std::ranges::generate(values, [&] {
        const std::uint64_t bits = engine();
        const auto sum = static_cast<std::int32_t>((bits & 0xffff) + (bits >> 16 & 0xffff) +
                                                   (bits >> 32 & 0xffff) + (bits >> 48));
        return scale * static_cast<float>(sum - 131070);
    });
    return values;
}

std::vector<std::int8_t> randomInt8(std::int64_t count, std::uint32_t seed) {
    std::mt19937 engine(seed);
    std::vector<std::int8_t> values(static_cast<std::size_t>(count));
    std::ranges::generate(values, [&] { return static_cast<std::int8_t>(engine() % 255 - 127); });
    return values;
}

HostLinear randomLinear(WeightKind kind, std::int64_t rows, std::int64_t cols, std::uint32_t seed,
                        std::int64_t rank, bool means) {
    HostLinear linear;
    linear.kind = kind;
    linear.rows = rows;
    linear.cols = cols;
    std::mt19937 engine(seed);
    const float sigma = 0.05F;
    if (kind == WeightKind::f32)
        linear.f32 = randomFloats(rows * cols, seed, sigma);
    if (kind == WeightKind::f16) {
        linear.f16.resize(static_cast<std::size_t>(rows * cols));
        std::ranges::transform(randomFloats(rows * cols, seed, sigma), linear.f16.begin(),
                               floatToHalf);
    }
    if (kind == WeightKind::rowInt8)
        linear.int8 = randomInt8(rows * cols, seed);
    if (kind == WeightKind::binary) {
        linear.signs.resize(static_cast<std::size_t>(rows * HostLinear::wordsPerRow(cols)));
        std::ranges::generate(linear.signs, [&] { return static_cast<std::uint32_t>(engine()); });
        linear.rank = rank;
        linear.lowRankA = randomInt8(rows * rank, seed + 1);
        linear.lowRankAScale.assign(static_cast<std::size_t>(rank), 0.001F);
        if (means)
            linear.mean = randomFloats(rows, seed + 2, 0.01F);
    }
    if (kind == WeightKind::binary || kind == WeightKind::rowInt8)
        linear.scale = randomFloats(rows, seed + 3, sigma);
    return linear;
}

HostInput randomInput(std::int64_t cols, std::int64_t factor1, std::int64_t rank,
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
    input.lowRankBScale.assign(static_cast<std::size_t>(rank), 0.002F);
    return input;
}

std::vector<float> randomReflection(std::int64_t side, std::uint32_t seed) {
    const auto v = randomFloats(side, seed);
    double squares = 0;
    for (const float x : v)
        squares += double{x} * x;
    std::vector<float> matrix(static_cast<std::size_t>(side * side));
    for (std::size_t i = 0; i < v.size(); ++i)
        for (std::size_t j = 0; j < v.size(); ++j)
            matrix[i * v.size() + j] = static_cast<float>(
                (i == j ? 1.0 : 0.0) - 2.0 * v[i] * v[j] / std::max(squares, 1e-30));
    return matrix;
}

std::unique_ptr<Linear> Backend::synthesize(const SynthLinear& what) {
    HostLinear linear = randomLinear(what.kind, what.rows, what.cols, what.seed, what.rank);
    linear.scale.assign(linear.scale.size(), synthScale(what.kind, what.cols));
    return upload(linear);
}

float synthScale(WeightKind kind, std::int64_t cols) {
    const float spread = kind == WeightKind::rowInt8 ? 73.3F : 1.0F; // of bytes in [-127, 127]
    return 1.0F / (spread * std::sqrt(static_cast<float>(cols)));
}

} // namespace bwla
