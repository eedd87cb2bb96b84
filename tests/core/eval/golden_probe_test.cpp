// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/error.h"
#include "core/eval/golden_probe.h"
#include "in_memory_weights.h"

#include <QtTest>

#include <nlohmann/json.hpp>

#include <limits>

using namespace bwla;
using namespace bwla::test;

namespace {

ErrorCode codeOfCheck(Transformer& model, const std::string& probe) {
    try {
        (void)checkProbe(model, nullptr, probe);
    } catch (const Error& error) {
        return error.code;
    }
    return ErrorCode::notFound; // none that a probe can cause
}

} // namespace

class GoldenProbeTest : public QObject {
    Q_OBJECT
    InMemoryWeights weights_ = binaryModel(tinyConfig(), 1);
    std::unique_ptr<Backend> backend_ = makeReferenceBackend();
    Transformer model_{*backend_, weights_};
    std::string probe_ = makeProbe(model_, nullptr);

    [[nodiscard]] double errorOf(const InMemoryWeights& weights) const {
        Transformer model(*backend_, weights);
        return checkProbe(model, nullptr, probe_).maxError;
    }

private slots:
    void holdsFourPromptsAndTwentyLogits();
    void sameModelSameBytes();
    void passesOnBothBackends();
    void swappedLayersAreNoticed();
    void oneLinearsBitOrderIsNoticed();
    void otherRotaryIsNoticed();
    void brokenProbeIsAnError();
    void notFiniteIsAnError();
};

void GoldenProbeTest::holdsFourPromptsAndTwentyLogits() {
    const auto json = nlohmann::json::parse(probe_);
    QCOMPARE(json.at("activation_bits"), 16);
    QCOMPARE(json.at("prompts").size(), std::size_t(4));
    for (const auto& prompt : json.at("prompts")) {
        const auto values = prompt.at("top_logits").get<std::vector<double>>();
        QCOMPARE(values.size(), std::size_t(20));
        QVERIFY(std::ranges::is_sorted(values, std::greater<>{}));
    }
}

void GoldenProbeTest::sameModelSameBytes() {
    Transformer again(*backend_, weights_);
    QCOMPARE(makeProbe(again, nullptr), probe_);
}

void GoldenProbeTest::passesOnBothBackends() {
    QVERIFY(errorOf(weights_) < 1e-5);
    const auto cpu = makeCpuBackend();
    Transformer model(*cpu, weights_);
    const ProbeCheck check = checkProbe(model, nullptr, probe_);
    QVERIFY2(check.ok(), qPrintable(QString::number(check.maxError)));
}

void GoldenProbeTest::swappedLayersAreNoticed() {
    InMemoryWeights swapped = weights_;
    std::swap(swapped.layers[0], swapped.layers[1]);
    QVERIFY(errorOf(swapped) > 10 * probeTolerance);
}

void GoldenProbeTest::oneLinearsBitOrderIsNoticed() {
    InMemoryWeights reversed = weights_;
    HostLinear& linear = reversed.layers[2].groups[3].linears[0];
    for (std::int64_t row = 0; row < linear.rows; ++row) { // of the full words of a row
        auto& word = linear.signs[static_cast<std::size_t>(row * 3)];
        std::uint32_t other = 0;
        for (int bit = 0; bit < 32; ++bit)
            other |= ((word >> bit) & 1U) << (31 - bit);
        word = other;
    }
    QVERIFY(errorOf(reversed) > probeTolerance);
}

void GoldenProbeTest::otherRotaryIsNoticed() {
    InMemoryWeights other = weights_;
    for (float& frequency : other.shape.inverseFrequencies)
        frequency *= 0.9F;
    QVERIFY(errorOf(other) > probeTolerance);
}

void GoldenProbeTest::brokenProbeIsAnError() {
    const auto json = nlohmann::json::parse(probe_);
    auto shorter = json;
    shorter["prompts"][0]["top_ids"].erase(0);
    auto outside = json;
    outside["prompts"][1]["top_ids"][3] = 70;
    auto empty = json;
    empty["prompts"].clear();
    for (const std::string& bad :
         {std::string("{"), std::string("{}"), shorter.dump(), outside.dump(), empty.dump()})
        QVERIFY(codeOfCheck(model_, bad) == ErrorCode::corrupt);
}

void GoldenProbeTest::notFiniteIsAnError() {
    InMemoryWeights broken = weights_;
    broken.norm[0] = std::numeric_limits<float>::infinity();
    Transformer model(*backend_, broken);
    QVERIFY_EXCEPTION_THROWN((void)makeProbe(model, nullptr), Error);
    QVERIFY(codeOfCheck(model, probe_) == ErrorCode::numeric);
}

QTEST_GUILESS_MAIN(GoldenProbeTest)
#include "golden_probe_test.moc"
