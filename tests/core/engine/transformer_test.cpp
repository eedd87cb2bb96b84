// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/engine/session.h"
#include "core/job/job.h"
#include "in_memory_weights.h"

#include <QtTest>

using namespace bwla;
using namespace bwla::test;

namespace {

const std::vector<std::int32_t> prompt{3, 14, 15, 9, 26, 53, 58, 9};

std::vector<float> logitsOf(Backend& backend, const InMemoryWeights& weights, int bits = 0) {
    Transformer model(backend, weights);
    Session session(model, 32, bits);
    const auto logits = session.feed(prompt);
    return {logits.begin(), logits.end()};
}

} // namespace

class TransformerTest : public QObject {
    Q_OBJECT
    std::unique_ptr<Backend> backend_ = makeReferenceBackend();

private slots:
    void progressEndsAtOne();
    void stopWhileLoading();
    void plansAreRecordedOnce();
    void tiedHeadIsTheEmbedding();
    void everyLayerAndGroupMatters();
    void blockByBlockIsTheWholePass();
    void groupsMayHaveBitsOfTheirOwn();
};

void TransformerTest::progressEndsAtOne() {
    std::vector<double> heard;
    Transformer model(*backend_, floatModel(tinyConfig(), 1),
                      [&](double share) { heard.push_back(share); });
    QCOMPARE(heard.size(), std::size_t(3));
    QVERIFY(std::ranges::is_sorted(heard));
    QCOMPARE(heard.back(), 1.0);
    // All weights are float32: 3 layers, the tied table.
    const ModelConfig config = tinyConfig();
    QVERIFY(model.weightBytes() >= 4 * (config.decoderWeights() + 70 * 48));
}

void TransformerTest::stopWhileLoading() {
    std::stop_source stop;
    int layers = 0;
    const auto load = [&] {
        const Transformer model(
            *backend_, floatModel(tinyConfig(), 1),
            [&](double) {
                ++layers;
                stop.request_stop();
            },
            stop.get_token());
    };
    QVERIFY_EXCEPTION_THROWN(load(), Cancelled);
    QCOMPARE(layers, 1);
}

/// Alike everywhere, own bits are those bits; mixed, each group's count; asked for, one number is
/// all groups'.
void TransformerTest::groupsMayHaveBitsOfTheirOwn() {
    const InMemoryWeights plain = binaryModel(tinyConfig(), 3);
    const auto withBits = [&](int odd, int even) {
        InMemoryWeights weights = plain;
        for (std::size_t layer = 0; layer < weights.layers.size(); ++layer)
            for (std::size_t g = 0; g < groupCount; ++g)
                weights.layers[layer].groups[g].activationBits = (layer + g) % 2 == 1 ? odd : even;
        return weights;
    };
    const auto cpu = makeCpuBackend({});
    for (Backend* backend : {backend_.get(), cpu.get()}) {
        QCOMPARE(logitsOf(*backend, withBits(4, 4)), logitsOf(*backend, plain, 4));
        QCOMPARE(logitsOf(*backend, withBits(16, 16)), logitsOf(*backend, plain, 16));
        QCOMPARE(logitsOf(*backend, withBits(4, 8), 6), logitsOf(*backend, plain));
        const auto mixed = logitsOf(*backend, withBits(4, 8));
        for (const auto& other : {logitsOf(*backend, plain, 4), logitsOf(*backend, plain, 8),
                                  logitsOf(*backend, withBits(8, 4))})
            QVERIFY(relativeError(mixed, other) > 1e-4);
    }
    Transformer model(*backend_, withBits(4, 8));
    QCOMPARE(Session(model, 32).activationBits(), 6);
    QCOMPARE(Session(model, 32, 8).activationBits(), 8);
}

void TransformerTest::plansAreRecordedOnce() {
    Transformer model(*backend_, floatModel(tinyConfig(), 1));
    const Plan* decode = &model.plan(1, HeadRows::last, 16);
    QCOMPARE(&model.plan(1, HeadRows::last, 16), decode);
    QVERIFY(&model.plan(128, HeadRows::last, 16) != decode);
    QVERIFY(&model.plan(1, HeadRows::all, 16) != decode);
    QCOMPARE(decode->batch(), 1);
}

void TransformerTest::tiedHeadIsTheEmbedding() {
    InMemoryWeights untied = floatModel(tinyConfig(), 7);
    const auto tied = logitsOf(*backend_, untied);
    untied.shape.tiedHead = false;
    untied.headTable = untied.table;
    QCOMPARE(logitsOf(*backend_, untied), tied);
    for (float& value : untied.headTable.f32)
        value = -value;
    auto negated = logitsOf(*backend_, untied);
    for (float& value : negated)
        value = -value;
    QVERIFY(relativeError(negated, tied) < 1e-6);
}

void TransformerTest::everyLayerAndGroupMatters() {
    const InMemoryWeights weights = floatModel(tinyConfig(), 8);
    const auto expected = logitsOf(*backend_, weights);
    for (std::size_t layer = 0; layer < weights.layers.size(); ++layer)
        for (std::size_t group = 0; group < groupCount; ++group)
            for (std::size_t i = 0; i < weights.layers[layer].groups[group].linears.size(); ++i) {
                InMemoryWeights changed = weights;
                for (float& value : changed.layers[layer].groups[group].linears[i].f32)
                    value *= 1.5F;
                QVERIFY(relativeError(logitsOf(*backend_, changed), expected) > 1e-3);
            }
}

void TransformerTest::blockByBlockIsTheWholePass() {
    const InMemoryWeights weights = floatModel(tinyConfig(), 9);
    const auto expected = logitsOf(*backend_, weights);
    Transformer model(*backend_, weights);
    const auto cache = model.cache(32);
    const auto rows = static_cast<std::int64_t>(prompt.size());
    std::vector<float> stream;
    for (const std::int32_t token : prompt)
        stream.insert(stream.end(), weights.table.f32.begin() + token * 48,
                      weights.table.f32.begin() + (token + 1) * 48);
    for (std::int64_t layer = 0; layer < 3; ++layer) {
        Buffer x;
        const auto plan = backend_->record(
            [&](Recorder& recorder) {
                x = recorder.buffer(48);
                model.recordBlock(recorder, layer, model.scratch(recorder), x, 16);
            },
            16);
        plan->write(x, stream);
        QVERIFY(backend_->run(*plan, {prompt, 0, cache.get()}));
        stream = plan->read(x, rows);
    }
    double square = 0.0;
    const auto last = std::span(stream).last(48);
    for (const float value : last)
        square += value * value;
    const double scale = 1.0 / std::sqrt(square / 48 + weights.shape.normEpsilon);
    std::vector<float> logits;
    for (std::size_t v = 0; v < 70; ++v) {
        double sum = 0.0;
        for (std::size_t j = 0; j < 48; ++j)
            sum += weights.table.f32[v * 48 + j] * weights.norm[j] * last[j] * scale;
        logits.push_back(static_cast<float>(sum));
    }
    QVERIFY(relativeError(logits, expected) < 1e-5);
}

QTEST_GUILESS_MAIN(TransformerTest)
#include "transformer_test.moc"
