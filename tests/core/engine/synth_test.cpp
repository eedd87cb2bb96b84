// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/engine/bench.h"
#include "core/engine/synth.h"
#include "core/error.h"
#include "vulkan_listener.h"

#include <QtTest>

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace bwla;

class SynthTest : public QObject {
    Q_OBJECT
    test::VulkanListener listener_;

    std::unique_ptr<Backend> someDevice(std::int64_t memoryBytes = 0) {
        return makeVulkanBackend(listener_.options({.memoryBytes = memoryBytes}));
    }

private slots:
    void cleanup() { QVERIFY2(listener_.heard().isEmpty(), qPrintable(listener_.heard())); }
    void shapesHaveTheirPublishedSize();
    void unknownShapesAndFormatsAreErrors();
    void runsOnTheProcessor();
    void runsOnADevice_data();
    void runsOnADevice();
    void whatDoesNotFitIsSaidBeforehand();
};

namespace {

double billions(std::string_view name) {
    return 1e-9 * static_cast<double>(synthModel(name, "w1a6").config.parameters());
}

} // namespace

void SynthTest::shapesHaveTheirPublishedSize() {
    QVERIFY(std::abs(billions("smollm2-135m") - 0.1345) < 0.0005);
    QVERIFY(std::abs(billions("llama2-7b") - 6.738) < 0.005);
    QVERIFY(std::abs(billions("llama-3-8b") - 8.030) < 0.005);
    QVERIFY(std::abs(billions("qwen3-32b") - 32.76) < 0.05);
    const double gb = 1e-9 * static_cast<double>(synthModel("qwen3-32b", "f16").weightBytes());
    QVERIFY(std::abs(gb - 65.5) < 0.5);
    QVERIFY(synthModel("qwen3-32b", "w1a6").weightBytes() < std::int64_t{6'500'000'000});
}

void SynthTest::unknownShapesAndFormatsAreErrors() {
    QVERIFY_EXCEPTION_THROWN((void)synthModel("gpt-5", "w1a6"), Error);
    QVERIFY_EXCEPTION_THROWN((void)synthModel("tiny", "q4"), Error);
}

void SynthTest::runsOnTheProcessor() {
    const auto backend = makeCpuBackend({.threads = 1});
    Transformer model(*backend, synthModel("tiny", "w1a6"));
    const auto rows =
        BenchJob(model).run({.promptTokens = 5, .generateTokens = 2, .repetitions = 1}, {}, {});
    QCOMPARE(rows.size(), std::size_t{2});
    QVERIFY(rows[0].work.empty());
}

void SynthTest::runsOnADevice_data() {
    QTest::addColumn<std::string>("format");
    QTest::newRow("w1a6") << std::string("w1a6");
    QTest::newRow("f16") << std::string("f16");
}

// Random weights made on the device make logits, bit for bit the same ones each time, and the
// profile accounts for every dispatch.
void SynthTest::runsOnADevice() {
    if (vulkanDevices().empty())
        QSKIP("This machine has no Vulkan device.");
    QFETCH(std::string, format);
    const auto backend = someDevice();
    const SynthModel shape = synthModel("tiny", format);
    const std::vector<std::int32_t> tokens = {3, 1, 4};
    std::vector<std::vector<float>> logits;
    for (int copy = 0; copy < 2; ++copy) {
        Transformer model(*backend, shape);
        QCOMPARE(model.weightBytes() > shape.weightBytes(), format == "w1a6");
        const auto cache = model.cache(8);
        Plan& plan = model.plan(8, HeadRows::last, model.activationBits());
        QVERIFY(backend->run(plan, {tokens, 0, cache.get()}));
        logits.emplace_back(plan.logits().begin(), plan.logits().end());
    }
    QCOMPARE(logits[0].size(), std::size_t(shape.config.vocabulary));
    QVERIFY(std::ranges::all_of(logits[0], [](float value) { return std::isfinite(value); }));
    const auto [least, most] = std::ranges::minmax(logits[0]);
    QVERIFY(most - least > 1.0F); // a bell of variance about 1
    QCOMPARE(logits[0], logits[1]);

    Transformer model(*backend, shape);
    const auto rows = BenchJob(model).run(
        {.promptTokens = 4, .generateTokens = 2, .repetitions = 1, .profile = true}, {}, {});
    for (const BenchRow& row : rows) {
        std::int64_t bytes = 0;
        for (const WorkTime& work : row.work) {
            QVERIFY(work.calls > 0);
            QVERIFY(work.microseconds >= 0);
            bytes += work.weightBytes;
        }
        // All linears once, and the head, which is the tied table.
        QVERIFY(bytes <= model.weightBytes());
        QVERIFY(bytes > model.weightBytes() * 3 / 5);
    }
}

void SynthTest::whatDoesNotFitIsSaidBeforehand() {
    if (vulkanDevices().empty())
        QSKIP("This machine has no Vulkan device.");
    const auto backend = someDevice(std::int64_t{64} << 20);
    try {
        const Transformer model(*backend, synthModel("qwen3-32b", "f16"));
        QFAIL("65 GB fit into 64 MiB");
    } catch (const KernelError& error) {
        QCOMPARE(error.code(), KernelErrorCode::outOfMemory);
        QVERIFY(std::string(error.what()).find("qwen3-32b in f16 takes 67 GB") !=
                std::string::npos);
    }
}

QTEST_GUILESS_MAIN(SynthTest)
#include "synth_test.moc"
