// SPDX-License-Identifier: GPL-3.0-or-later
//
// A run in the store that knows everything Inspect can show, without its arithmetic.
#pragma once

#include "core/store/run_store.h"
#include "tiny_quantized.h"

#include <cmath>
#include <random>
#include <string>
#include <vector>

namespace bwla::test {

/// A rotation of the first two coordinates by an angle, so that rounds differ.
inline std::vector<float> turned(std::int64_t size, float angle) {
    std::vector<float> factor(static_cast<std::size_t>(size * size));
    for (std::int64_t i = 0; i < size; ++i)
        factor[static_cast<std::size_t>(i * size + i)] = 1.0F;
    factor[0] = factor[static_cast<std::size_t>(size + 1)] = std::cos(angle);
    factor[1] = std::sin(angle);
    factor[static_cast<std::size_t>(size)] = -std::sin(angle);
    return factor;
}

inline FitRounds someRounds(std::int64_t cols, int count) {
    const auto [m1, m2] = equalFactors(cols);
    FitRounds rounds{static_cast<std::int32_t>(m1), static_cast<std::int32_t>(m2), count - 1, {}};
    for (int round = 0; round < count; ++round)
        rounds.rounds.push_back({round, 0.8 + 0.1 * round,
                                 turned(m1, 0.7F * static_cast<float>(round)),
                                 turned(m2, 0.4F * static_cast<float>(round))});
    return rounds;
}

/// 40 tokens with one channel that towers over the others before the rotation.
inline ActivationRecord peakedActivations(std::int64_t cols) {
    std::mt19937 random(3);
    std::normal_distribution<float> normal;
    std::vector<float> before, after;
    for (std::int64_t i = 0; i < 40 * cols; ++i) {
        before.push_back(normal(random) * (i % cols == 5 ? 20.0F : 1.0F));
        after.push_back(normal(random));
    }
    return activationRecord({.cols = cols, .inputs = before, .prepared = after, .clip = 0.9});
}

struct RecordedShape {
    std::int64_t blocks = 2;
    std::int64_t width = 48, feedForward = 80;
    int rounds = 4;
};

/// A finished run of `model` to `out`.
inline void recordRun(Database& store, const std::string& model, const std::string& out,
                      const RecordedShape& shape = {}) {
    RunStore runs(store);
    RunRecord run;
    run.modelPath = model;
    run.outPath = out;
    run.preset = "fast";
    run.id = runs.begin(run);
    for (std::int64_t block = 0; block < shape.blocks; ++block) {
        BlockReport report;
        report.block = block;
        for (const InputGroup& g : groups()) {
            GroupReport& r = report.groups[static_cast<std::size_t>(g.kind)];
            r.kind = g.kind;
            r.activationError =
                0.05 * (1.0 + static_cast<double>(block) + static_cast<int>(g.kind));
            r.activationPeakAfter = 4.0 + static_cast<int>(g.kind);
            const std::int64_t cols = g.kind == GroupKind::mlpOut ? shape.feedForward : shape.width;
            runs.putRounds(run.id, block, g.kind, someRounds(cols, shape.rounds));
            runs.putActivations(run.id, block, g.kind, peakedActivations(cols));
        }
        runs.putBlock(run.id, report);
    }
    run.state = RunState::finished;
    run.seconds = 3.0;
    runs.finish(run);
}

} // namespace bwla::test
