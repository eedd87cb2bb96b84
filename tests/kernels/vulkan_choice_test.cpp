// SPDX-License-Identifier: GPL-3.0-or-later
//
// A wrong kernel is disabled and named, a choice is remembered on disk. On whatever device this
// machine has (lavapipe in CI).
#include "choice_fixture.h"
#include "kernels/backend_check.h"
#include "wrapped_backend.h"

#include <QTest>

using namespace bwla;
using namespace bwla::test;

namespace {

/// Notes whether a batch was recorded after an input that matrix units turn (rotation_ops.cpp).
class RotationSpy final : public WrappedBackend {
public:
    RotationSpy() : WrappedBackend(makeReferenceBackend(), [](const Step&) {}) {}

    using WrappedBackend::upload;
    std::unique_ptr<Input> upload(const HostInput& input) override {
        fits_ = input.factor1 > 0 && input.factor1 % 32 == 0 && input.factor2 % 16 == 0;
        return WrappedBackend::upload(input);
    }
    std::unique_ptr<Plan> record(const Forward& forward, int batch) override {
        turned_ = turned_ || (fits_ && batch >= 16);
        return WrappedBackend::record(forward, batch);
    }
    [[nodiscard]] bool turned() const { return turned_; }

private:
    bool fits_ = false;
    bool turned_ = false;
};

} // namespace

class VulkanChoiceTest : public QObject {
    Q_OBJECT
    ChoiceFixture device_;

private slots:
    void initTestCase() {
        if (vulkanDevices().empty())
            QSKIP("This machine has no Vulkan device.");
    }
    void cleanup() {
        QVERIFY2(device_.heard().isEmpty(), qPrintable(device_.heard()));
        device_.forget();
    }

    void theFirstCheckTurnsByMatrices() {
        RotationSpy spy;
        for (const BackendCase& what : backendCases())
            if (what.quick && what.name.starts_with("linear w1a6 rotated"))
                (void)what.run(spy);
        QVERIFY(spy.turned());
    }

    void defaultsAreNotMeasured() {
        const auto backend = makeVulkanBackend(device_.options(KernelMode::defaults));
        (void)products(*backend, WeightKind::binary, 6, 1);
        const KernelReport report = backend->kernelReport();
        QVERIFY(!report.uses.empty());
        for (const KernelUse& use : report.uses)
            QVERIFY(!use.measured);
        if (!vulkanDevices().front().isGpu())
            QVERIFY(device_.cacheIsEmpty());
    }

    // The choice is read back: what a second backend uses is what the file says, whatever it is.
    void theChoiceIsRemembered() {
        (void)products(*makeVulkanBackend(device_.options()), WeightKind::f16, 16, 1);
        QFile file = device_.cacheFile();
        QVERIFY(file.open(QFile::ReadOnly));
        QByteArray text = file.readAll();
        file.close();
        QVERIFY(text.contains("\nchecked\tyes\n"));
        const auto backend = makeVulkanBackend(device_.options());
        (void)products(*backend, WeightKind::f16, 16, 1);
        for (const KernelUse& use : backend->kernelReport().uses)
            QVERIFY2(text.contains(QByteArray(use.kernel.c_str())), use.kernel.c_str());
        QVERIFY(file.open(QFile::ReadOnly));
        QCOMPARE(file.readAll(), text); // nothing was measured again
    }

    void aWrongKernelIsDisabledAndTheNextTakesOver() {
        VulkanOptions broken = device_.options();
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

    void theVariableIsHeard() {
        VulkanOptions automatic = device_.options(KernelMode::automatic);
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
#include "vulkan_choice_test.moc"
