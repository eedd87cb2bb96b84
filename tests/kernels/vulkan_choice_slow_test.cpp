// SPDX-License-Identifier: GPL-3.0-or-later
//
// Kernels chosen by measuring compute the same; wrong groups of kernels are done without; the check
// of a device's first use misses no shader. On whatever device this machine has (lavapipe in CI).
#include "choice_fixture.h"
#include "kernels/backend_check.h"

#include <QTest>

#include <algorithm>

using namespace bwla;
using namespace bwla::test;

class VulkanChoiceSlowTest : public QObject {
    Q_OBJECT
    ChoiceFixture device_;
    std::unique_ptr<Backend> measured_; ///< of the first test's rows

private slots:
    void initTestCase() {
        if (vulkanDevices().empty())
            QSKIP("This machine has no Vulkan device.");
    }
    void cleanup() {
        QVERIFY2(device_.heard().isEmpty(), qPrintable(device_.heard()));
        device_.forget();
    }

    void whateverIsChosenComputesTheSame_data() {
        QTest::addColumn<int>("kind");
        QTest::addColumn<int>("bits");
        QTest::addColumn<int>("batch");
        QTest::newRow("w1a6, one row") << int(WeightKind::binary) << 6 << 1;
        QTest::newRow("w1a6, a batch") << int(WeightKind::binary) << 6 << 20;
        QTest::newRow("w1a16") << int(WeightKind::binary) << 16 << 1;
        QTest::newRow("f16") << int(WeightKind::f16) << 16 << 1;
        QTest::newRow("int8, a batch") << int(WeightKind::rowInt8) << 16 << 20;
    }
    void whateverIsChosenComputesTheSame() {
        QFETCH(int, kind);
        QFETCH(int, bits);
        QFETCH(int, batch);
        const auto weights = static_cast<WeightKind>(kind);
        if (!measured_)
            measured_ = makeVulkanBackend(device_.options());
        const auto& measured = measured_;
        const auto reference = makeReferenceBackend();
        QVERIFY(agree(products(*measured, weights, bits, batch),
                      products(*reference, weights, bits, batch)));
        const KernelReport report = measured->kernelReport();
        QVERIFY(report.checked);
        QVERIFY(report.roof > 0);
        QVERIFY(!report.uses.empty());
        for (const KernelUse& use : report.uses) {
            QVERIFY2(use.measured, use.work.c_str());
            QVERIFY(use.candidates > 1);
            QVERIFY(use.gbPerSecond > 0);
            QVERIFY(!use.kernel.empty());
        }
    }

    void aShapeThatDoesNotExistIsMeasuredAnew() {
        (void)products(*makeVulkanBackend(device_.options()), WeightKind::f16, 16, 1);
        QFile file = device_.cacheFile();
        QVERIFY(file.open(QFile::ReadOnly));
        QByteArray text = file.readAll();
        file.close();
        QVERIFY(text.contains("linear_f16"));
        text.replace("linear_f16", "linear_f61");
        QVERIFY(file.open(QFile::WriteOnly | QFile::Truncate));
        file.write(text);
        file.close();
        const auto backend = makeVulkanBackend(device_.options());
        (void)products(*backend, WeightKind::f16, 16, 1);
        for (const KernelUse& use : backend->kernelReport().uses)
            QVERIFY(use.measured && use.kernel.starts_with("linear_f16"));
        QVERIFY(file.open(QFile::ReadOnly));
        QVERIFY(!file.readAll().contains("linear_f61")); // and mended
    }

    void aGroupOfKernelsThatIsWrongIsDoneWithout() {
        VulkanOptions broken = device_.options();
        broken.mask.idleShader = "attend_subgroups";
        if (missing(makeVulkanBackend(device_.options(KernelMode::defaults))->kernelReport(),
                    "subgroup arithmetic") != nullptr)
            QSKIP("This device has no subgroup arithmetic to be wrong.");
        for (int start = 0; start < 2; ++start) { // the second time it is remembered
            const auto backend = makeVulkanBackend(broken);
            const KernelReport report = backend->kernelReport();
            const KernelMissing* found = missing(report, "subgroup arithmetic");
            QVERIFY(found != nullptr);
            QVERIFY(found->failed);
            QVERIFY2(found->detail.starts_with("attend"), found->detail.c_str());
            QVERIFY(backend->info().variant.starts_with("no subgroups"));
        }
    }

    void theFirstCheckMissesNoShader_data() {
        QTest::addColumn<QByteArray>("threads");
        QTest::addColumn<std::string>("shader");
        for (const char* shader :
             {"embed", "gate", "place", "attend_subgroups", "attend_rows_subgroups",
              "prepare_subgroups", "rotate_subgroups", "quantize_subgroups", "top_subgroups",
              "gemv_levels", "tile_levels_dot", "tile_f16", "linear_f16_subgroups",
              "linear_int8_subgroups"})
            QTest::newRow(shader) << QByteArray("2") << std::string(shader);
        for (const char* shader : {"steady_product", "attend_waiting"}) // device_facts.cpp
            QTest::newRow(shader) << QByteArray("1") << std::string(shader);
    }
    // What whole models need on lavapipe. Matrix units only GPUs have: vulkan_choice_test.cpp.
    void theFirstCheckMissesNoShader() {
        QFETCH(QByteArray, threads);
        QFETCH(std::string, shader);
        if (vulkanDevices().front().isGpu())
            QSKIP("The list is of lavapipe's shaders.");
        qputenv("LP_NUM_THREADS", threads);
        VulkanOptions broken = device_.options(KernelMode::defaults);
        broken.mask.idleShader = shader;
        const auto backend = makeVulkanBackend(broken);
        qunsetenv("LP_NUM_THREADS");
        const auto reference = makeReferenceBackend();
        const auto cases = backendCases();
        QVERIFY(std::ranges::any_of(cases, [&](const BackendCase& what) {
            return what.quick && !checkBackend(*backend, *reference, what).ok;
        }));
    }

    void aDeviceThatComputesWronglyIsNotUsed() {
        VulkanOptions broken = device_.options();
        broken.mask.idleShader = "embed";
        try {
            (void)makeVulkanBackend(broken);
            QFAIL("no error");
        } catch (const KernelError& error) {
            QCOMPARE(error.code(), KernelErrorCode::wrongResult);
            QVERIFY2(std::string(error.what()).find("embed") != std::string::npos, error.what());
        }
    }
};

QTEST_GUILESS_MAIN(VulkanChoiceSlowTest)
#include "vulkan_choice_slow_test.moc"
