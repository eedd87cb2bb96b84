// SPDX-License-Identifier: GPL-3.0-or-later
//
// `bwla chat` on a Vulkan device that ends (lavapipe in CI): the processor goes on, one line says
// so, and nothing of the conversation is lost.
#include "kernels/vulkan_backend.h"
#include "program.h"
#include "tiny_pair.h"

#include <QTemporaryDir>
#include <QTest>

using bwla::test::Finished;
using bwla::test::runBwla;

namespace {

const QByteArray goesOn = "; the processor goes on with the conversation.";

} // namespace

class LostDeviceTest : public QObject {
    Q_OBJECT
    QTemporaryDir folder_;
    QString model_;

    [[nodiscard]] Finished chat(const QByteArray& fault, const QStringList& options,
                                const QByteArray& input = {},
                                const QString& backend = "vulkan") const {
        qputenv("BWLA_VULKAN_FAULT", fault);
        const Finished finished = runBwla(
            QStringList{"chat", model_, "--backend", backend, "--temp", "0", "--max-tokens", "30"} +
                options,
            input);
        qunsetenv("BWLA_VULKAN_FAULT");
        return finished;
    }

private slots:
    void initTestCase() {
        if (bwla::vulkanDevices().empty())
            QSKIP("This machine has no Vulkan device.");
        bwla::test::writeTinyPair(folder_.path().toStdString());
        model_ = folder_.filePath("quantized");
    }

    void theDocumentSaysWhichBackendAnswered() {
        const QStringList prompt{"--prompt", "the other one and the first", "--json"};
        const Finished whole = chat("", prompt);
        QVERIFY2(whole.exitCode == 0, whole.all());
        QCOMPARE(whole.json()["backend"].get<std::string>(), std::string("vulkan"));
        QVERIFY(whole.json()["fallback"].is_null());
        const Finished processor = chat("lost:1", prompt, {}, "cpu");
        QCOMPARE(processor.json()["backend"].get<std::string>(), std::string("cpu"));
        QVERIFY(processor.json()["fallback"].is_null());
        for (const char* fault : {"lost:1", "lost:60", "full:1", "full:5"}) {
            const Finished finished = chat(fault, prompt);
            QVERIFY2(finished.exitCode == 0, finished.all());
            const auto json = finished.json();
            QCOMPARE(json["backend"].get<std::string>(), std::string("cpu"));
            const auto why = QByteArray::fromStdString(json["fallback"].get<std::string>());
            QVERIFY2(why.endsWith(goesOn), why);
            QCOMPARE(json["text"].get<std::string>(), processor.json()["text"].get<std::string>());
            QCOMPARE(finished.err.count("\"event\":\"fallback\""), 1);
        }
    }

    /// In the middle of the second of three answers.
    void aConversationGoesOn() {
        const QByteArray input = "the first\nthe other one\nand the first\n";
        const Finished processor = chat("", {}, input, "cpu");
        QCOMPARE(processor.err.count("stopped by"), 3);
        const Finished lost = chat("lost:100", {}, input);
        QVERIFY2(lost.exitCode == 0, lost.all());
        QCOMPARE(lost.out, processor.out);
        QCOMPARE(lost.err.count(goesOn), 1);
        QVERIFY2(lost.err.contains(" stopped answering" + goesOn), lost.all());
        const qsizetype first = lost.err.indexOf("stopped by");
        const qsizetype failure = lost.err.indexOf(goesOn);
        QVERIFY2(first < failure && failure < lost.err.indexOf("stopped by", first + 1),
                 lost.all());
        QCOMPARE(lost.errLines().size(), 4);
    }

    /// The context that was asked for counts, not the usual one.
    void theProcessorIsAskedForTheWholeContext() {
        const Finished finished =
            chat("full:5", {"--prompt", "the first", "--context", "100000000000"});
        QCOMPARE(finished.exitCode, 1);
        QCOMPARE(finished.errLines().size(), 1);
        QVERIFY2(finished.err.contains("too little memory, and the processor"), finished.all());
    }

    void whatWasNamedAndIsNotThereIsAnError() {
        const Finished unknown = chat("lost:never", {"--prompt", "the first"});
        QCOMPARE(unknown.exitCode, 1);
        QCOMPARE(unknown.errLines().size(), 1);
        QVERIFY2(unknown.err.contains("BWLA_VULKAN_FAULT"), unknown.all());
        qputenv("BWLA_VULKAN_DEVICE", "no such device");
        const Finished missing = chat("", {"--prompt", "the first"});
        qunsetenv("BWLA_VULKAN_DEVICE");
        QCOMPARE(missing.exitCode, 1);
        QVERIFY2(missing.err.contains("no such device"), missing.all());
    }

    void withoutADriverTheWayOutIsSaid() {
        for (const char* drivers : {"VK_ICD_FILENAMES", "VK_DRIVER_FILES"})
            qputenv(drivers, "no such driver");
        const Finished finished = chat("", {"--prompt", "the first"});
        for (const char* drivers : {"VK_ICD_FILENAMES", "VK_DRIVER_FILES"})
            qunsetenv(drivers);
        QCOMPARE(finished.exitCode, 1);
        QCOMPARE(finished.errLines().size(), 1);
        QVERIFY2(finished.err.contains("or use --backend cpu"), finished.all());
    }
};

QTEST_GUILESS_MAIN(LostDeviceTest)
#include "lost_device_test.moc"
