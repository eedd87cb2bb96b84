// SPDX-License-Identifier: GPL-3.0-or-later
//
// The Vulkan backend against the reference backend, verb by verb, on whatever device this machine
// has (lavapipe in CI), as it is and with capabilities taken away, under the validation layer with
// synchronization validation: one message fails the test.
#include "kernels/backend_check.h"
#include "kernels/operands.h"
#include "vulkan_listener.h"

#include <QTest>

#include <utility>

using namespace bwla;
using bwla::test::VulkanListener;

namespace {

constexpr std::int64_t mib = 1 << 20;

template<class Call>
KernelErrorCode codeOf(Call&& call) {
    try {
        call();
    } catch (const KernelError& error) {
        return error.code();
    }
    return KernelErrorCode::wrongResult; // no error
}

/// A token to logits, by a table of 64 columns.
std::unique_ptr<Plan> logitsPlan(Backend& backend, const Linear& table) {
    return backend.record(
        [&](Recorder& recorder) {
            const Buffer x = recorder.buffer(64);
            recorder.embed(table, x);
            recorder.head({}, table, x, HeadRows::last);
        },
        1);
}

} // namespace

class VulkanBackendTest : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() {
        if (vulkanDevices().empty())
            QSKIP("This machine has no Vulkan device.");
    }

    void verbsAgree_data() {
        QTest::addColumn<VulkanMask>("mask");
        QTest::newRow("as it is") << VulkanMask{};
        QTest::newRow("no subgroup arithmetic") << VulkanMask{.subgroupArithmetic = true};
        // On llvmpipe they never do unless it has one thread only (device_facts.cpp).
        const bool gpu = vulkanDevices().front().isGpu();
        QTest::newRow(gpu ? "no waiting workgroups" : "workgroups may wait")
            << VulkanMask{.waitingGroups = gpu};
        QTest::newRow("no packed dot product") << VulkanMask{.integerDot = true};
        QTest::newRow("neither, small allocations") << VulkanMask{
            .subgroupArithmetic = true, .integerDot = true, .allocationBytes = 4 * mib};
    }
    void verbsAgree() {
        QFETCH(VulkanMask, mask);
        VulkanListener listener;
        const bool mayWait = QTest::currentDataTag() == QByteArray("workgroups may wait");
        qputenv("LP_NUM_THREADS", mayWait ? "1" : "2");
        {
            const auto backend = makeVulkanBackend(listener.options(mask));
            const auto reference = makeReferenceBackend();
            for (const BackendCase& what : backendCases()) {
                const KernelCheck check = checkBackend(*backend, *reference, what);
                QVERIFY2(check.ok, qPrintable(QString("%1: %2").arg(check.kernel.c_str(),
                                                                    check.detail.c_str())));
            }
        }
        QVERIFY2(listener.heard().isEmpty(), qPrintable(listener.heard()));
    }

    // LP_NATIVE_VECTOR_WIDTH: bits of lavapipe's registers, an invocation 32 of them.
    void subgroupsAreAsWideAsAsked() {
        bool asked = false;
        const int bits = qEnvironmentVariableIntValue("LP_NATIVE_VECTOR_WIDTH", &asked);
        if (!asked || vulkanDevices().front().isGpu())
            QSKIP("No width was asked for, or the device has its own.");
        VulkanListener listener;
        const std::string variant = makeVulkanBackend(listener.options())->info().variant;
        QVERIFY2(variant.starts_with("subgroup " + std::to_string(bits / 32) + ","),
                 variant.c_str());
    }

    // A table of 8 MiB in allocations of at most 4: embedding and head see three parts.
    void largeWeightsAreSplit() {
        VulkanListener listener;
        const auto backend = makeVulkanBackend(listener.options({.allocationBytes = 4 * mib}));
        const auto reference = makeReferenceBackend();
        const auto logits = [](Backend& on) {
            const auto table = on.upload(randomLinear(WeightKind::f32, 2100, 1024, 1));
            const auto plan = on.record(
                [&](Recorder& recorder) {
                    const Buffer x = recorder.buffer(1024);
                    recorder.embed(*table, x);
                    recorder.head({}, *table, x, HeadRows::all);
                },
                3);
            const std::vector<std::int32_t> tokens = {2099, 0, 1030};
            on.run(*plan, {tokens});
            return std::vector<float>(plan->logits().begin(), plan->logits().end());
        };
        const auto got = logits(*backend);
        const auto expected = logits(*reference);
        QCOMPARE(got.size(), expected.size());
        for (std::size_t i = 0; i < got.size(); ++i)
            QVERIFY(std::abs(got[i] - expected[i]) < 1e-4);
        QVERIFY2(listener.heard().isEmpty(), qPrintable(listener.heard()));
    }

    void aPlanRunsAgainWithoutBeingRecorded() {
        VulkanListener listener;
        const auto backend = makeVulkanBackend(listener.options());
        const auto table = backend->upload(randomLinear(WeightKind::f16, 50, 64, 1));
        Buffer x;
        const auto plan = backend->record(
            [&](Recorder& recorder) {
                x = recorder.buffer(64);
                recorder.embed(*table, x);
            },
            4);
        const std::vector<std::int32_t> first = {3, 4, 5, 6};
        const std::vector<std::int32_t> second = {6};
        QVERIFY(backend->run(*plan, {first}));
        const auto all = plan->read(x, 4);
        QVERIFY(backend->run(*plan, {second}));
        const auto again = plan->read(x, 4);
        QVERIFY(std::equal(again.begin(), again.begin() + 64, all.end() - 64));
        // Rows past the run's are left alone.
        QVERIFY(std::equal(again.begin() + 64, again.end(), all.begin() + 64));
        QVERIFY2(listener.heard().isEmpty(), qPrintable(listener.heard()));
    }

    void aStoppedRunSaysSo() {
        VulkanListener listener;
        const auto backend = makeVulkanBackend(listener.options());
        const auto table = backend->upload(randomLinear(WeightKind::f16, 10, 64, 1));
        const auto plan = logitsPlan(*backend, *table);
        const std::vector<std::int32_t> tokens = {3};
        std::stop_source source;
        source.request_stop();
        QVERIFY(!backend->run(*plan, {tokens}, source.get_token()));
        QVERIFY(plan->logits().empty());
        QVERIFY(backend->run(*plan, {tokens}));
        QCOMPARE(plan->logits().size(), std::size_t{10});
    }

    void whatDoesNotFitIsAnError() {
        VulkanListener listener;
        VulkanOptions small = listener.options({.memoryBytes = 64 * mib});
        const auto backend = makeVulkanBackend(small);
        const auto large = randomLinear(WeightKind::f32, 4096, 4096, 1);
        QCOMPARE(codeOf([&] { (void)backend->upload(large); }), KernelErrorCode::outOfMemory);
        // And what is there goes on working.
        QCOMPARE(backend->upload(randomLinear(WeightKind::f32, 16, 16, 1))->rows(), 16);
        QVERIFY2(listener.heard().isEmpty(), qPrintable(listener.heard()));
        const auto foreign = makeReferenceBackend()->upload(randomLinear(WeightKind::f32, 8, 8, 1));
        QCOMPARE(codeOf([&] {
                     (void)backend->record(
                         [&](Recorder& recorder) { recorder.embed(*foreign, recorder.buffer(8)); },
                         1);
                 }),
                 KernelErrorCode::badShape);
        QCOMPARE(codeOf([&] {
                     (void)backend->record(
                         [&](Recorder& recorder) {
                             const std::vector<float> frequencies(129);
                             const Buffer x = recorder.buffer(258);
                             recorder.attend({0, 1, 1, 258, frequencies}, x, x, x, x);
                         },
                         1);
                 }),
                 KernelErrorCode::unsupported);
    }

    // A device that is lost in the middle of an answer, as its driver says it.
    void aLostDeviceSaysSoInOneSentence() {
        VulkanListener listener;
        VulkanMask mask;
        mask.submissions = 2; // the table's upload, one run
        const auto backend = makeVulkanBackend(listener.options(mask));
        const auto table = backend->upload(randomLinear(WeightKind::f32, 10, 64, 1));
        const auto plan = backend->record(
            [&](Recorder& recorder) { recorder.embed(*table, recorder.buffer(64)); }, 1);
        const std::vector<std::int32_t> tokens = {3};
        QVERIFY(backend->run(*plan, {tokens}));
        for (int again = 0; again < 2; ++again) // it stays lost
            try {
                backend->run(*plan, {tokens});
                QFAIL("no error");
            } catch (const KernelError& error) {
                QCOMPARE(error.code(), KernelErrorCode::deviceLost);
                QCOMPARE(std::string(error.what()),
                         std::string("Vulkan device: the device stopped answering during a forward "
                                     "pass; what was uploaded to it is gone, load the model "
                                     "again"));
            }
        QVERIFY2(listener.heard().isEmpty(), qPrintable(listener.heard()));
    }

    // Wherever its memory ends, it is an error, and what was there is given back.
    void aFullMemorySaysSo() {
        VulkanListener listener;
        int failed = 0;
        for (bool full = true; std::exchange(full, false);) {
            VulkanMask mask;
            mask.allocations = failed + 1;
            try {
                const auto backend = makeVulkanBackend(listener.options(mask));
                const auto table = backend->upload(randomLinear(WeightKind::f16, 10, 64, 1));
                (void)logitsPlan(*backend, *table);
            } catch (const KernelError& error) {
                QCOMPARE(error.code(), KernelErrorCode::outOfMemory);
                QVERIFY(std::string(error.what()).ends_with("of its memory could not be had"));
                ++failed;
                full = true;
            }
        }
        QVERIFY(failed >= 3); // staging, landing, a block ...
        QVERIFY2(listener.heard().isEmpty(), qPrintable(listener.heard()));
    }

    void devicesAreChosenByName() {
        const VulkanDeviceInfo device = vulkanDevices().front();
        QVERIFY(!device.name.empty());
        QCOMPARE(device.uuid.size(), std::size_t{36});
        VulkanOptions options;
        for (const std::string& wanted : {device.name, device.uuid}) {
            options.device = wanted;
            QCOMPARE(makeVulkanBackend(options)->info().device, device.name);
        }
        options.device = "no such device";
        QCOMPARE(codeOf([&] { (void)makeVulkanBackend(options); }),
                 KernelErrorCode::unknownOverride);
        qputenv("BWLA_VULKAN_DEVICE", "no such device");
        QCOMPARE(codeOf([&] { (void)makeVulkanBackend(); }), KernelErrorCode::unknownOverride);
        qputenv("BWLA_VULKAN_DEVICE", device.uuid.c_str());
        QCOMPARE(makeVulkanBackend()->info().device, device.name);
        qunsetenv("BWLA_VULKAN_DEVICE");
        if (!device.isGpu()) // a software device only when it is named
            QCOMPARE(codeOf([&] { (void)makeVulkanBackend(); }), KernelErrorCode::unsupported);
    }
};

QTEST_GUILESS_MAIN(VulkanBackendTest)
#include "vulkan_backend_test.moc"
