// SPDX-License-Identifier: GPL-3.0-or-later
//
// Logits against Hugging Face transformers in float32 (tests/goldens/float_goldens.py).
#include "core/engine/session.h"
#include "core/model/model_source.h"
#include "in_memory_weights.h"
#include "kernels/vulkan_backend.h"
#include "real_model.h"

#include <QtTest>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>

using namespace bwla;
using Json = nlohmann::json;
using Tokens = std::vector<std::int32_t>;

namespace {

/// Of max |a - b| / max |b|, float32 throughout.
constexpr double tolerance = 1e-4;
/// With the F16 cache that makeCpuBackend() keeps. Measured on the default model: 4.3e-4.
constexpr double halfCacheTolerance = 1e-3;

const std::filesystem::path data = BWLA_TEST_DATA;

Json readJson(const std::filesystem::path& path) {
    std::ifstream stream(path);
    return Json::parse(stream);
}

/// Keys and values in float32 but of "cpu", which keeps them as it likes; null where there is no
/// such device.
std::unique_ptr<Backend> backendNamed(const QString& name) {
    if (name == "reference")
        return makeReferenceBackend();
    if (name == "vulkan") {
        VulkanOptions options;
        options.allowSoftware = true;
        options.cacheBits = 32;
        return vulkanDevices().empty() ? nullptr : makeVulkanBackend(options);
    }
    return name == "cpu" ? makeCpuBackend() : makeCpuBackend({.cacheBits = 32});
}

/// The default model in float32 on one backend, loaded once.
struct RealModel {
    explicit RealModel(const QString& name)
        : backend(backendNamed(name)),
          model(*backend, *floatWeights(*ModelSource::open(test::realModel()), WeightKind::f32)) {}
    std::unique_ptr<Backend> backend;
    Transformer model;
};

/// Largest difference of a golden row's numbers to logits, over the golden's largest logit.
double rowError(const Json& row, std::span<const float> logits) {
    double error = 0.0;
    for (const auto* part : {"top", "sampled"}) {
        const auto ids = row.at(std::string(part) + "_ids").get<std::vector<std::size_t>>();
        const auto values = row.at(part).get<std::vector<double>>();
        for (std::size_t i = 0; i < ids.size(); ++i)
            error = std::max(error, std::abs(logits[ids[i]] - values[i]));
    }
    double sum = 0.0;
    for (const float logit : logits)
        sum += std::exp(double(logit));
    error = std::max(error, std::abs(std::log(sum) - row.at("logsumexp").get<double>()));
    return error / row.at("max_abs").get<double>();
}

} // namespace

class FloatGoldenTest : public QObject {
    Q_OBJECT

private slots:
    void tinyCheckpoint_data();
    void tinyCheckpoint();
    void defaultModel_data();
    void defaultModel();
    void greedyTokens();
};

void FloatGoldenTest::tinyCheckpoint_data() {
    QTest::addColumn<QString>("backend");
    QTest::addColumn<QString>("folder");
    for (const char* backend : {"reference", "exact cpu", "vulkan"})
        for (const char* folder : {"tiny_gqa_tied", "tiny_mha_untied", "tiny_llama3_rope"})
            QTest::addRow("%s %s", backend, folder) << backend << folder;
}

void FloatGoldenTest::tinyCheckpoint() {
    QFETCH(QString, backend);
    QFETCH(QString, folder);
    const auto path = data / folder.toStdString();
    const Json golden = readJson(path / "golden.json");
    const auto source = ModelSource::open(path);
    const auto device = backendNamed(backend);
    if (!device)
        QSKIP("This machine has no Vulkan device.");
    Transformer model(*device, *floatWeights(*source, WeightKind::f32));
    Session session(model, 64);
    std::vector<float> expected;
    for (const Json& row : golden.at("logits"))
        for (const Json& value : row)
            expected.push_back(value.get<float>());
    std::vector<float> found;
    session.feedAll(golden.at("ids").get<Tokens>(), [&](std::int64_t, std::span<const float> rows) {
        found.insert(found.end(), rows.begin(), rows.end());
    });
    const double error = test::relativeError(found, expected);
    QVERIFY2(error < tolerance, qPrintable(QString::number(error)));
}

void FloatGoldenTest::defaultModel_data() {
    QTest::addColumn<QString>("backend");
    QTest::addColumn<std::size_t>("longest");
    QTest::addColumn<double>("limit");
    // Scalar, a fifth of a second a token: the short prompts are enough.
    QTest::newRow("reference") << "reference" << std::size_t(7) << tolerance;
    QTest::newRow("exact cpu") << "exact cpu" << std::size_t(200) << tolerance;
    QTest::newRow("cpu") << "cpu" << std::size_t(200) << halfCacheTolerance;
}

void FloatGoldenTest::defaultModel() {
    QFETCH(QString, backend);
    QFETCH(std::size_t, longest);
    QFETCH(double, limit);
    RealModel real(backend);
    const auto vocabulary = static_cast<std::size_t>(real.model.config().vocabulary);
    Session session(real.model, 256);
    int compared = 0;
    const Json golden = readJson(data / "float_default_model.json");
    for (const Json& prompt : golden.at("prompts")) {
        const auto ids = prompt.at("ids").get<Tokens>();
        if (ids.size() > longest)
            continue;
        session.rewind(0);
        session.feedAll(ids, [&](std::int64_t first, std::span<const float> rows) {
            for (const Json& row : prompt.at("rows")) {
                const auto at = row.at("position").get<std::int64_t>() - first;
                const auto start = static_cast<std::size_t>(at) * vocabulary;
                if (at < 0 || start >= rows.size())
                    continue;
                const double error = rowError(row, rows.subspan(start, vocabulary));
                ++compared;
                QVERIFY2(error < limit, qPrintable(QString::number(error)));
            }
        });
    }
    QVERIFY(compared >= 4);
}

void FloatGoldenTest::greedyTokens() {
    RealModel real("cpu");
    const Json golden = readJson(data / "float_default_model.json").at("greedy");
    const auto expected = golden.at("tokens").get<Tokens>();
    const auto gaps = golden.at("gaps").get<std::vector<double>>();
    Session session(real.model, 128);
    auto logits = session.feed(golden.at("ids").get<Tokens>());
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const auto token =
            static_cast<std::int32_t>(std::ranges::max_element(logits) - logits.begin());
        if (token != expected[i]) {
            QVERIFY2(gaps[i] <= 1e-4, qPrintable(QString("step %1").arg(i)));
            return; // the golden's own rounding decides from here on
        }
        logits = session.feed({&token, 1});
    }
}

QTEST_GUILESS_MAIN(FloatGoldenTest)
#include "float_golden_test.moc"
