// SPDX-License-Identifier: GPL-3.0-or-later
//
// Kernels chosen by measuring, checked when a device is first used, remembered on disk; and what
// happens where one is wrong. On whatever device this machine has (lavapipe in CI).
#include "kernels/operands.h"
#include "kernels/vulkan_backend.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <array>
#include <cmath>

using namespace bwla;

namespace {

/// Two products of one input, of a row and of a batch: what is chosen for them and what comes out.
std::vector<float> products(Backend& backend, WeightKind kind, int bits, int batch) {
    const auto first = backend.upload(randomLinear(kind, 130, 400, 1));
    const auto second = backend.upload(randomLinear(kind, 64, 400, 2));
    const auto input = backend.upload(randomInput(400, 0, 0, 3));
    Buffer x;
    std::array<Buffer, 2> out;
    const auto plan = backend.record(
        [&](Recorder& recorder) {
            x = recorder.buffer(400);
            out = {recorder.buffer(130), recorder.buffer(64)};
            const std::array targets{LinearTarget{first.get(), out[0], false},
                                     LinearTarget{second.get(), out[1], false}};
            recorder.linear(recorder.prepare({}, *input, x, bits), targets);
        },
        batch);
    plan->write(x, randomFloats(400 * batch, 4));
    const std::vector<std::int32_t> tokens(static_cast<std::size_t>(batch), 0);
    backend.run(*plan, {tokens});
    auto values = plan->read(out[0], batch);
    const auto more = plan->read(out[1], batch);
    values.insert(values.end(), more.begin(), more.end());
    return values;
}

bool agree(const std::vector<float>& got, const std::vector<float>& expected) {
    double largest = 0;
    double worst = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        largest = std::max(largest, std::abs(double{expected[i]}));
        worst = std::max(worst, std::abs(double{got[i]} - expected[i]));
    }
    return got.size() == expected.size() && worst <= 1e-5 * largest;
}

const KernelMissing* missing(const KernelReport& report, const std::string& kernel) {
    for (const KernelMissing& one : report.missing)
        if (one.kernel == kernel)
            return &one;
    return nullptr;
}

} // namespace

class VulkanChoiceTest : public QObject {
    Q_OBJECT
    QTemporaryDir folder_;
    QStringList messages_;
    std::unique_ptr<Backend> measured_; ///< of the first test's rows

    VulkanOptions options(KernelMode mode = KernelMode::measure) {
        VulkanOptions options;
        options.allowSoftware = true;
        options.kernels = mode;
        options.kernelCache = folder_.path().toStdString();
        options.validation = [this](std::string_view message) {
            messages_.append(QString::fromUtf8(message.data(), qsizetype(message.size())));
        };
        return options;
    }
    /// Text of the only file of the cache.
    QFile cacheFile() {
        const auto names = QDir(folder_.path()).entryList(QDir::Files);
        return QFile(folder_.filePath(names.value(0)));
    }

private slots:
    void initTestCase() {
        if (vulkanDevices().empty())
            QSKIP("This machine has no Vulkan device.");
    }
    void cleanup() {
        QVERIFY2(messages_.empty(), qPrintable(messages_.join('\n')));
        for (const QString& name : QDir(folder_.path()).entryList(QDir::Files))
            QFile::remove(folder_.filePath(name));
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
            measured_ = makeVulkanBackend(options());
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

    void defaultsAreNotMeasured() {
        const auto backend = makeVulkanBackend(options(KernelMode::defaults));
        (void)products(*backend, WeightKind::binary, 6, 1);
        const KernelReport report = backend->kernelReport();
        QVERIFY(!report.uses.empty());
        for (const KernelUse& use : report.uses)
            QVERIFY(!use.measured);
        if (!vulkanDevices().front().isGpu())
            QVERIFY(QDir(folder_.path()).isEmpty());
    }

    // The choice is read back: what a second backend uses is what the file says, whatever it is.
    void theChoiceIsRemembered() {
        (void)products(*makeVulkanBackend(options()), WeightKind::f16, 16, 1);
        QFile file = cacheFile();
        QVERIFY(file.open(QFile::ReadOnly));
        QByteArray text = file.readAll();
        file.close();
        QVERIFY(text.contains("\nchecked\tyes\n"));
        const auto backend = makeVulkanBackend(options());
        (void)products(*backend, WeightKind::f16, 16, 1);
        for (const KernelUse& use : backend->kernelReport().uses)
            QVERIFY2(text.contains(QByteArray(use.kernel.c_str())), use.kernel.c_str());
        QVERIFY(file.open(QFile::ReadOnly));
        QCOMPARE(file.readAll(), text); // nothing was measured again
    }

    void aShapeThatDoesNotExistIsMeasuredAnew() {
        (void)products(*makeVulkanBackend(options()), WeightKind::f16, 16, 1);
        QFile file = cacheFile();
        QVERIFY(file.open(QFile::ReadOnly));
        QByteArray text = file.readAll();
        file.close();
        QVERIFY(text.contains("linear_f16"));
        text.replace("linear_f16", "linear_f61");
        QVERIFY(file.open(QFile::WriteOnly | QFile::Truncate));
        file.write(text);
        file.close();
        const auto backend = makeVulkanBackend(options());
        (void)products(*backend, WeightKind::f16, 16, 1);
        for (const KernelUse& use : backend->kernelReport().uses)
            QVERIFY(use.measured && use.kernel.starts_with("linear_f16"));
        QVERIFY(file.open(QFile::ReadOnly));
        QVERIFY(!file.readAll().contains("linear_f61")); // and mended
    }

    void aWrongKernelIsDisabledAndTheNextTakesOver() {
        VulkanOptions broken = options();
        broken.mask.idleShader = "gemv_levels";
        const auto reference = makeReferenceBackend();
        for (const bool remembered : {false, true}) {
            const auto backend = makeVulkanBackend(broken);
            for (const int batch : {1, 20})
                QVERIFY(agree(products(*backend, WeightKind::binary, 6, batch),
                              products(*reference, WeightKind::binary, 6, batch)));
            const KernelReport report = backend->kernelReport();
            const KernelMissing* found = missing(report, broken.mask.idleShader);
            QVERIFY2(found != nullptr, remembered ? "remembered" : "first");
            QVERIFY(found->failed);
            QVERIFY(!found->detail.empty());
            for (const KernelUse& use : report.uses)
                QVERIFY(!use.kernel.starts_with(broken.mask.idleShader + " "));
        }
    }

    void aGroupOfKernelsThatIsWrongIsDoneWithout() {
        VulkanOptions broken = options();
        broken.mask.idleShader = "attend_subgroups";
        if (missing(makeVulkanBackend(options(KernelMode::defaults))->kernelReport(),
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

    void aDeviceThatComputesWronglyIsNotUsed() {
        VulkanOptions broken = options();
        broken.mask.idleShader = "embed";
        try {
            (void)makeVulkanBackend(broken);
            QFAIL("no error");
        } catch (const KernelError& error) {
            QCOMPARE(error.code(), KernelErrorCode::wrongResult);
            QVERIFY2(std::string(error.what()).find("embed") != std::string::npos, error.what());
        }
    }

    void theVariableIsHeard() {
        VulkanOptions automatic = options(KernelMode::automatic);
        qputenv("BWLA_KERNELS", "sometimes");
        try {
            (void)makeVulkanBackend(automatic);
            QFAIL("no error");
        } catch (const KernelError& error) {
            QCOMPARE(error.code(), KernelErrorCode::unknownOverride);
            QCOMPARE(error.subject(), std::string("BWLA_KERNELS"));
        }
        qputenv("BWLA_KERNELS", "default");
        QVERIFY(!makeVulkanBackend(automatic)->kernelReport().uses.size());
        qunsetenv("BWLA_KERNELS");
    }
};

QTEST_GUILESS_MAIN(VulkanChoiceTest)
#include "vulkan_choice_slow_test.moc"
