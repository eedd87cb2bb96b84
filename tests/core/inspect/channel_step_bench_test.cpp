// SPDX-License-Identifier: GPL-3.0-or-later
//
// Prints what a step of Inspect's channel slider computes at 4096 channels of 4096 inputs.
#include "core/inspect/channel_view.h"

#include <QTest>

#include <chrono>
#include <random>

using namespace bwla;

class ChannelStepBenchTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void one_step();
};

void ChannelStepBenchTest::one_step() {
    constexpr std::int64_t side = 4096, factor = 64, rank = 16, steps = 64;
    std::mt19937 random(1);
    std::normal_distribution<float> normal(0.0F, 0.02F);
    std::vector<float> weights(side * side);
    for (float& w : weights)
        w = normal(random);
    HostInput input;
    input.cols = side;
    input.factor1 = input.factor2 = factor;
    for (auto* r : {&input.r1, &input.r2}) {
        r->resize(factor * factor);
        for (std::size_t i = 0; i < factor; ++i)
            for (std::size_t j = 0; j < factor; ++j)
                (*r)[i * factor + j] = (i == j ? 1.0F : 0.0F) - 2.0F / factor; // a reflection
    }
    input.columnScale.assign(side, 1.0F);
    input.rank = rank;
    input.lowRankB.assign(rank * side, 1);
    input.lowRankBScale.assign(rank, 1e-4F);
    HostLinear linear;
    linear.kind = WeightKind::binary;
    linear.rows = linear.cols = side;
    linear.signs.resize(side * side / 32);
    for (std::uint32_t& word : linear.signs)
        word = static_cast<std::uint32_t>(random());
    linear.scale.assign(side, 0.016F);
    linear.rank = rank;
    linear.lowRankA.assign(side * rank, 1);
    linear.lowRankAScale.assign(rank, 1e-2F);
    const InspectedLayer layer(std::move(weights), input, std::move(linear));

    double slowest = 0.0, sum = 0.0;
    for (std::int64_t channel = 0; channel < steps; ++channel) {
        const auto start = std::chrono::steady_clock::now();
        const ChannelView view = viewChannel(layer, channel * (side / steps), RowUnits::weight);
        const std::chrono::duration<double, std::milli> took =
            std::chrono::steady_clock::now() - start;
        QVERIFY(view.error > 0.0);
        slowest = std::max(slowest, took.count());
        sum += took.count();
    }
    qInfo("channel step, 4096 channels of 4096: mean %.2f ms, slowest %.2f ms (limit 16)",
          sum / steps, slowest);
    QVERIFY2(slowest < 160.0, "ten times the limit");
}

QTEST_APPLESS_MAIN(ChannelStepBenchTest)
#include "channel_step_bench_test.moc"
