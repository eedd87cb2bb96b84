// SPDX-License-Identifier: GPL-3.0-or-later
//
// Keys and values in 8 bits: half the memory, and attention that stays close to the reference's, on
// the processor and on a Vulkan device (lavapipe in CI), which keep the same numbers.
#include "kernels/backend_check.h"
#include "vulkan_listener.h"

#include <QTest>

#include <cmath>

using namespace bwla;

class CacheBitsTest : public QObject {
    Q_OBJECT
    test::VulkanListener listener_;

    std::unique_ptr<Backend> vulkan(int bits, const VulkanMask& mask = {}) {
        VulkanOptions options = listener_.options();
        options.cacheBits = bits;
        options.mask = mask;
        return makeVulkanBackend(options);
    }
    /// A prompt in two runs, then single tokens (backend_check.cpp).
    static BackendCase attention(int headDim, double tolerance) {
        for (BackendCase& what : backendCases())
            if (what.name == "attend, heads of " + std::to_string(headDim)) {
                what.tolerance = tolerance;
                return what;
            }
        return {};
    }
    static void closeTo(Backend& expected, Backend& backend, double tolerance) {
        for (const int headDim : {64, 80}) {
            const auto check = checkBackend(backend, expected, attention(headDim, tolerance));
            QVERIFY2(check.ok, check.detail.c_str());
            QVERIFY(check.maxError > 0);
        }
    }

private slots:
    void cleanup() { QVERIFY2(listener_.heard().isEmpty(), qPrintable(listener_.heard())); }

    void aByteTakesHalf() {
        const KvShape shape{3, 100, 2, 64};
        const auto cpu = [&](int bits) {
            return makeCpuBackend({.threads = 1, .cacheBits = bits})->kvCache(shape)->bytes();
        };
        QCOMPARE(cpu(32), 2 * cpu(16));
        QCOMPARE(cpu(16), 3 * 100 * 2 * 64 * 2 * 2);
        QCOMPARE(cpu(8), 3 * 100 * 2 * (64 + 4) * 2);
        if (vulkanDevices().empty())
            QSKIP("This machine has no Vulkan device.");
        QCOMPARE(vulkan(8)->kvCache(shape)->bytes(), cpu(8));
    }

    void otherBitsAreAnError() {
        for (const int bits : {0, 4, 64})
            try {
                (void)makeCpuBackend({.threads = 1, .cacheBits = bits});
                QFAIL("no error");
            } catch (const KernelError& error) {
                QCOMPARE(error.code(), KernelErrorCode::unsupported);
            }
    }

    void attentionStaysClose_data() {
        QTest::addColumn<QByteArray>("level");
        for (const char* level : {"portable", "avx2", "avx512"})
            QTest::newRow(level) << QByteArray(level);
    }
    void attentionStaysClose() {
        QFETCH(QByteArray, level);
        qputenv("BWLA_CPU_LEVEL", level);
        std::unique_ptr<Backend> bytes;
        try {
            bytes = makeCpuBackend({.threads = 1, .cacheBits = 8});
        } catch (const KernelError& error) {
            qunsetenv("BWLA_CPU_LEVEL");
            QSKIP(error.what());
        }
        qunsetenv("BWLA_CPU_LEVEL");
        closeTo(*makeReferenceBackend(), *bytes, 2e-2);
    }

    void aDeviceKeepsTheSame_data() {
        QTest::addColumn<bool>("subgroups");
        QTest::newRow("as it is") << true;
        QTest::newRow("no subgroup arithmetic") << false;
    }
    void aDeviceKeepsTheSame() {
        QFETCH(bool, subgroups);
        if (vulkanDevices().empty())
            QSKIP("This machine has no Vulkan device.");
        VulkanMask mask;
        mask.subgroupArithmetic = !subgroups;
        const auto device = vulkan(8, mask);
        closeTo(*makeReferenceBackend(), *device, 2e-2);
        const auto cpu = makeCpuBackend({.threads = 1, .cacheBits = 8});
        closeTo(*cpu, *device, 3e-3); // a byte may round the other way
        const auto odd = checkBackend(*device, *cpu, attention(6, 1));
        QVERIFY2(odd.detail.find("multiple of 4") != std::string::npos, odd.detail.c_str());
    }
};

QTEST_GUILESS_MAIN(CacheBitsTest)
#include "cache_bits_test.moc"
