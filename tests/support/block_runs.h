// SPDX-License-Identifier: GPL-3.0-or-later
//
// One decoder block on two backends from the same input, at A6.
#pragma once

#include "core/engine/transformer.h"

#include <QtTest>

#include <nlohmann/json.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <functional>
#include <vector>

namespace bwla::test {

inline constexpr int comparedBits = 6;

struct BlockRun {
    std::vector<float> output;
    std::array<std::vector<PreparedRow>, groupCount> inputs;
};

inline BlockRun runBlock(Transformer& model, std::int64_t layer, const std::vector<float>& input,
                         int activationBits) {
    const std::int64_t width = model.config().width;
    const auto rows = static_cast<std::int64_t>(input.size()) / width;
    const std::vector<std::int32_t> tokens(static_cast<std::size_t>(rows), 0); // only their number
    const auto cache = model.cache(rows);
    Buffer x;
    BlockInputs prepared;
    const auto plan = model.backend().record(
        [&](Recorder& recorder) {
            x = recorder.buffer(width);
            prepared =
                model.recordBlock(recorder, layer, model.scratch(recorder), x, activationBits);
        },
        static_cast<int>(rows));
    plan->write(x, input);
    model.backend().run(*plan, {tokens, 0, cache.get()});
    BlockRun run{.output = plan->read(x, rows), .inputs = {}};
    for (std::size_t g = 0; activationBits < 16 && g < groupCount; ++g)
        try {
            run.inputs[g] = plan->read(prepared[g], rows);
        } catch (const KernelError&) { // a group kept in float: its input is not quantized
        }
    return run;
}

/// Mean over rows of |a - b| / |b|, what the block added to its input being a and b.
inline double meanRowError(const std::vector<float>& found, const std::vector<float>& expected,
                           const std::vector<float>& input, std::int64_t width) {
    const auto w = static_cast<std::size_t>(width);
    double total = 0.0;
    for (std::size_t row = 0; row < expected.size(); row += w) {
        double difference = 0.0;
        double size = 0.0;
        for (std::size_t i = row; i < row + w; ++i) {
            difference += std::pow(double(found[i]) - expected[i], 2);
            size += std::pow(double(expected[i]) - input[i], 2);
        }
        total += std::sqrt(difference / size);
    }
    return total / (static_cast<double>(expected.size()) / static_cast<double>(w));
}

inline int largestStep(const std::vector<PreparedRow>& a, const std::vector<PreparedRow>& b) {
    int largest = 0;
    for (std::size_t row = 0; row < b.size(); ++row)
        for (std::size_t j = 0; j < b[row].offset.size(); ++j)
            largest = std::max(largest, std::abs(a.at(row).offset.at(j) - b[row].offset[j]));
    return largest;
}

/// Every block on the reference's own input: outputs within 5e-3 in the mean, q - z within one
/// step. `kept` says which groups (layer, index) read floats.
inline void compareBlocks(
    Transformer& reference, Transformer& cpu, std::vector<float> stream,
    const std::function<bool(std::int64_t, std::size_t)>& kept = [](std::int64_t, std::size_t) {
        return false;
    }) {
    const std::int64_t width = reference.config().width;
    for (std::int64_t layer = 0; layer < reference.config().layers; ++layer) {
        const BlockRun expected = runBlock(reference, layer, stream, comparedBits);
        const BlockRun found = runBlock(cpu, layer, stream, comparedBits);
        const double error = meanRowError(found.output, expected.output, stream, width);
        QVERIFY2(error < 5e-3, qPrintable(QString("block %1: %2").arg(layer).arg(error)));
        for (std::size_t g = 0; g < groupCount; ++g) {
            QCOMPARE(expected.inputs[g].empty(), kept(layer, g));
            QCOMPARE(found.inputs[g].empty(), kept(layer, g));
            const int step = largestStep(found.inputs[g], expected.inputs[g]);
            QVERIFY2(step <= 1, qPrintable(QString("block %1, group %2").arg(layer).arg(g)));
        }
        stream = expected.output;
    }
}

/// 256 tokens of text: the float goldens' prompts, end to end.
inline std::vector<std::int32_t> realTokens() {
    std::ifstream stream(BWLA_TEST_DATA "/float_default_model.json");
    std::vector<std::int32_t> tokens;
    const auto golden = nlohmann::json::parse(stream);
    for (const auto& prompt : golden.at("prompts"))
        for (const auto& id : prompt.at("ids"))
            tokens.push_back(id.get<std::int32_t>());
    tokens.resize(256);
    return tokens;
}

} // namespace bwla::test
