// SPDX-License-Identifier: GPL-3.0-or-later
//
// The processor's and a Vulkan device's kernels against the scalar reference on quantized weights,
// over the same F32 cache. Whole models are not compared at A6 here: a step of one in q is
// amplified from block to block, so every block gets the reference's own input. The device runs
// whole steps, embedding to logits, under the validation layer with synchronization validation.
#include "block_runs.h"
#include "core/engine/session.h"
#include "core/model/model_source.h"
#include "in_memory_weights.h"
#include "real_model.h"
#include "vulkan_listener.h"

#include <QtTest>

using namespace bwla;
using namespace bwla::test;

namespace {

/// Blocks of the default model as sign and row scale, under every optional part of HostInput: real
/// shapes and signs to compute with, if not to chat with.
InMemoryWeights signModel(const ModelWeights& original, const std::vector<std::int64_t>& layers) {
    Random random(11);
    InMemoryWeights model;
    model.shape = original.config();
    model.shape.layers = static_cast<std::int64_t>(layers.size());
    model.shape.tiedHead = true;
    model.bits = comparedBits;
    for (const std::int64_t index : layers) {
        LayerWeights layer = original.layer(index);
        for (GroupWeights& group : layer.groups) {
            group.input = fullInput(group.input.cols, 4, random);
            for (HostLinear& linear : group.linears) {
                linear = signLinear(linear.rows, linear.cols, linear.f32);
                addLowRank(linear, 4, random);
            }
        }
        model.layers.push_back(std::move(layer));
    }
    model.table = original.embedding();
    model.norm = original.finalNorm();
    return model;
}

std::vector<float> embeddings(const HostLinear& table, const std::vector<std::int32_t>& tokens) {
    std::vector<float> rows;
    for (const std::int32_t token : tokens)
        rows.insert(rows.end(), table.f32.begin() + token * table.cols,
                    table.f32.begin() + (token + 1) * table.cols);
    return rows;
}

void addBackends() {
    QTest::addColumn<QString>("backend");
    for (const char* backend : {"cpu", "vulkan"})
        QTest::newRow(backend) << QString(backend);
}

} // namespace

class W1A6AgreementTest : public QObject {
    Q_OBJECT
    VulkanListener listener_;

    /// Null where this machine has no such device.
    std::unique_ptr<Backend> deviceBackend(const QString& name, bool f32Cache = true) {
        const int bits = f32Cache ? 32 : 16;
        if (name == "cpu")
            return makeCpuBackend({.cacheBits = bits});
        if (vulkanDevices().empty())
            return nullptr;
        VulkanOptions options = listener_.options();
        options.cacheBits = bits;
        return makeVulkanBackend(options);
    }

private slots:
    void cleanup() { QVERIFY2(listener_.heard().isEmpty(), qPrintable(listener_.heard())); }
    void blocksOfRandomModel_data() { addBackends(); }
    void blocksOfRandomModel();
    void blocksWithGroupsInFloat_data() { addBackends(); }
    void blocksWithGroupsInFloat();
    void blocksOfDefaultModel_data() { addBackends(); }
    void blocksOfDefaultModel();
    void logitsAtA16_data();
    void logitsAtA16();
    void activationBitsMatter();
};

void W1A6AgreementTest::blocksOfRandomModel() {
    QFETCH(QString, backend);
    const InMemoryWeights weights = binaryModel(tinyConfig(), 21);
    const auto referenceBackend = makeReferenceBackend();
    const auto device = deviceBackend(backend);
    if (!device)
        QSKIP("This machine has no Vulkan device.");
    Transformer reference(*referenceBackend, weights);
    Transformer candidate(*device, weights);
    compareBlocks(reference, candidate, embeddings(weights.table, Random(22).tokens(256, 70)));
}

/// Block 0 whole, the output of block 1's attention, the input of block 2's: F16 beside signs.
void W1A6AgreementTest::blocksWithGroupsInFloat() {
    QFETCH(QString, backend);
    const auto kept = [](std::int64_t layer, std::size_t g) {
        return layer == 0 || (layer == 1 && g == 1) || (layer == 2 && g == 0);
    };
    InMemoryWeights weights = binaryModel(tinyConfig(), 23);
    Random random(24);
    for (std::int64_t layer = 0; layer < weights.shape.layers; ++layer)
        for (std::size_t g = 0; g < groupCount; ++g)
            if (kept(layer, g))
                keepInFloat(weights.layers[static_cast<std::size_t>(layer)].groups[g], random);
    const auto referenceBackend = makeReferenceBackend();
    const auto device = deviceBackend(backend);
    if (!device)
        QSKIP("This machine has no Vulkan device.");
    Transformer reference(*referenceBackend, weights);
    Transformer candidate(*device, weights);
    compareBlocks(reference, candidate, embeddings(weights.table, Random(25).tokens(40, 70)), kept);
    compareBlocks(reference, candidate, embeddings(weights.table, Random(26).tokens(1, 70)), kept);
}

void W1A6AgreementTest::blocksOfDefaultModel() {
    QFETCH(QString, backend);
    const auto source = ModelSource::open(realModel());
    const InMemoryWeights weights = signModel(*floatWeights(*source, WeightKind::f32), {0, 10, 29});
    const auto referenceBackend = makeReferenceBackend();
    const auto device = deviceBackend(backend);
    if (!device)
        QSKIP("This machine has no Vulkan device.");
    Transformer reference(*referenceBackend, weights);
    Transformer candidate(*device, weights);
    compareBlocks(reference, candidate, embeddings(weights.table, realTokens()));
}

void W1A6AgreementTest::logitsAtA16_data() {
    QTest::addColumn<QString>("backend");
    QTest::addColumn<int>("rows");
    for (const char* backend : {"cpu", "vulkan"})
        for (const int rows : {1, 5, 140}) // one row, a few, a chunk and more
            QTest::newRow(qPrintable(QString("%1, %2 rows").arg(backend).arg(rows)))
                << QString(backend) << rows;
}

void W1A6AgreementTest::logitsAtA16() {
    QFETCH(QString, backend);
    QFETCH(int, rows);
    if (!deviceBackend(backend))
        QSKIP("This machine has no Vulkan device.");
    const InMemoryWeights weights = binaryModel(tinyConfig(70, false), 31);
    const auto tokens = Random(32).tokens(rows, 70);
    std::array<std::vector<float>, 2> logits;
    for (std::size_t i = 0; i < 2; ++i) {
        const auto engine = i == 0 ? makeReferenceBackend() : deviceBackend(backend, false);
        Transformer model(*engine, weights);
        Session session(model, 160, 16);
        session.feedAll(tokens, [&](std::int64_t, std::span<const float> values) {
            logits[i].insert(logits[i].end(), values.begin(), values.end());
        });
    }
    const double error = relativeError(logits[1], logits[0]);
    QVERIFY2(error < 1e-3, qPrintable(QString::number(error)));
}

void W1A6AgreementTest::activationBitsMatter() {
    InMemoryWeights weights = binaryModel(tinyConfig(), 41);
    for (LayerWeights& layer : weights.layers) // clipping costs the same at any number of bits
        for (GroupWeights& group : layer.groups)
            group.input.clipLow = group.input.clipHigh = 1.0F;
    const auto backend = makeCpuBackend();
    Transformer model(*backend, weights);
    const auto tokens = Random(42).tokens(20, 70);
    const auto logits = [&](int activationBits) {
        Session session(model, 32, activationBits);
        const auto values = session.feed(tokens);
        return std::vector<float>(values.begin(), values.end());
    };
    const auto exact = logits(16);
    QCOMPARE(logits(0), logits(6)); // 0 = the weights' own
    const double a8 = relativeError(logits(8), exact);
    const double a6 = relativeError(logits(6), exact);
    const double a4 = relativeError(logits(4), exact);
    QVERIFY2(0.0 < a8 && a8 < a6 && a6 < a4,
             qPrintable(QString("%1 %2 %3").arg(a8).arg(a6).arg(a4)));
}

QTEST_GUILESS_MAIN(W1A6AgreementTest)
#include "w1a6_agreement_test.moc"
