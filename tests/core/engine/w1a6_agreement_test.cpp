// SPDX-License-Identifier: GPL-3.0-or-later
//
// The processor's and a Vulkan device's kernels against the scalar reference on quantized weights,
// over the same F32 cache. Whole models are not compared at A6 here: a step of one in q is
// amplified from block to block, so every block gets the reference's own input.
#include "core/engine/session.h"
#include "core/model/model_source.h"
#include "in_memory_weights.h"
#include "kernels/vulkan_backend.h"
#include "real_model.h"

#include <QtTest>

#include <nlohmann/json.hpp>

#include <cmath>
#include <fstream>

using namespace bwla;
using namespace bwla::test;

namespace {

constexpr int bits = 6;

struct BlockRun {
    std::vector<float> output;
    std::array<std::vector<PreparedRow>, groupCount> inputs;
};

BlockRun runBlock(Transformer& model, std::int64_t layer, const std::vector<float>& input,
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
        run.inputs[g] = plan->read(prepared[g], rows);
    return run;
}

/// Mean over rows of |a - b| / |b|, what the block added to its input being a and b.
double meanRowError(const std::vector<float>& found, const std::vector<float>& expected,
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

int largestStep(const std::vector<PreparedRow>& a, const std::vector<PreparedRow>& b) {
    int largest = 0;
    for (std::size_t row = 0; row < b.size(); ++row)
        for (std::size_t j = 0; j < b[row].offset.size(); ++j)
            largest = std::max(largest, std::abs(a.at(row).offset.at(j) - b[row].offset[j]));
    return largest;
}

/// Blocks of the default model as sign and row scale, under every optional part of HostInput: real
/// shapes and signs to compute with, if not to chat with.
InMemoryWeights signModel(const ModelWeights& original, const std::vector<std::int64_t>& layers) {
    Random random(11);
    InMemoryWeights model;
    model.shape = original.config();
    model.shape.layers = static_cast<std::int64_t>(layers.size());
    model.shape.tiedHead = true;
    model.bits = bits;
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

void compareBlocks(Transformer& reference, Transformer& candidate, std::vector<float> stream) {
    const std::int64_t width = reference.config().width;
    for (std::int64_t layer = 0; layer < reference.config().layers; ++layer) {
        const BlockRun expected = runBlock(reference, layer, stream, bits);
        const BlockRun found = runBlock(candidate, layer, stream, bits);
        const double error = meanRowError(found.output, expected.output, stream, width);
        QVERIFY2(error < 5e-3, qPrintable(QString("block %1: %2").arg(layer).arg(error)));
        for (std::size_t g = 0; g < groupCount; ++g) {
            QVERIFY(!expected.inputs[g].empty());
            const int step = largestStep(found.inputs[g], expected.inputs[g]);
            QVERIFY2(step <= 1, qPrintable(QString("block %1, group %2").arg(layer).arg(g)));
        }
        stream = expected.output;
    }
}

std::vector<float> embeddings(const HostLinear& table, const std::vector<std::int32_t>& tokens) {
    std::vector<float> rows;
    for (const std::int32_t token : tokens)
        rows.insert(rows.end(), table.f32.begin() + token * table.cols,
                    table.f32.begin() + (token + 1) * table.cols);
    return rows;
}

/// 256 tokens of text: the float goldens' prompts, end to end.
std::vector<std::int32_t> realTokens() {
    std::ifstream stream(BWLA_TEST_DATA "/float_default_model.json");
    std::vector<std::int32_t> tokens;
    const auto golden = nlohmann::json::parse(stream);
    for (const auto& prompt : golden.at("prompts"))
        for (const auto& id : prompt.at("ids"))
            tokens.push_back(id.get<std::int32_t>());
    tokens.resize(256);
    return tokens;
}

void addBackends() {
    QTest::addColumn<QString>("backend");
    for (const char* backend : {"cpu", "vulkan"})
        QTest::newRow(backend) << QString(backend);
}

/// Null where this machine has no such device.
std::unique_ptr<Backend> deviceBackend(const QString& name, bool f32Cache = true) {
    if (name == "cpu")
        return makeCpuBackend({.f32Cache = f32Cache});
    if (vulkanDevices().empty())
        return nullptr;
    VulkanOptions options;
    options.allowSoftware = true;
    options.f32Cache = f32Cache;
    return makeVulkanBackend(options);
}

} // namespace

class W1A6AgreementTest : public QObject {
    Q_OBJECT

private slots:
    void blocksOfRandomModel_data() { addBackends(); }
    void blocksOfRandomModel();
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
            QTest::addRow("%s, %d rows", backend, rows) << QString(backend) << rows;
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
