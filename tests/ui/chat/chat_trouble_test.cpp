// SPDX-License-Identifier: GPL-3.0-or-later
//
// The page when something is in the way: stops, devices, memory, a full disk, long prompts; and
// finding and hearing what was said.
#include "chat_fixture.h"
#include "real_model.h"
#include "ui/chat/answer_speaker.h"
#include "ui/chat/chat_history.h"
#include "ui/chat/engine_panel.h"
#include "ui/chat/find_bar.h"
#include "ui/chat/options_panel.h"
#include "ui/widgets/failure_log.h"

#include <QCheckBox>
#include <QComboBox>
#include <QLineEdit>
#include <QtTest>

#include <algorithm>

using namespace bwla;
using namespace bwla::ui;

class ChatTroubleTest : public QObject, private test::ChatFixture {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { real_ = test::realModel(); } // before a fixture moves the data folder
    void init() { open(); }
    void cleanup() { close(); }

    void escStopsReadingAndWriting() {
        std::atomic<bool> reading = false;
        beforeRun_ = [&](const Step& step) {
            if (step.tokens.size() > 1)
                reading = true;
            QThread::msleep(20);
        };
        options([](ChatOptions& o) { o.maxTokens = 300; });
        type("a long prompt that is read first");
        QVERIFY(QTest::qWaitFor([&] { return reading.load(); }));
        QTest::keyClick(window(), Qt::Key_Escape);
        QElapsedTimer timer;
        timer.start();
        QVERIFY(done());
        QVERIFY(timer.elapsed() < 1000);
        QCOMPARE(last().answer(ChatSide::original)->state, MessageState::stopped);
        QCOMPARE(last().answer(ChatSide::quantized)->state, MessageState::stopped);
        QVERIFY(page().pane(ChatSide::original)->turn(0)->numbers().contains("Stopped by you"));

        type("again");
        QVERIFY(QTest::qWaitFor(
            [&] { return chat().turns().size() == 2 && textOf(ChatSide::original).size() > 3; }));
        QCOMPARE(page().composer()->sendButton()->text(), QString("Stop"));
        timer.restart();
        QTest::mouseClick(page().composer()->sendButton(), Qt::LeftButton);
        QVERIFY(done());
        QVERIFY(timer.elapsed() < 1000);
        QVERIFY(textOf(ChatSide::original).size() > 3);
    }

    void nothingIsCutSilently() {
        options([](ChatOptions& o) { o.maxTokens = 8; });
        QVERIFY(ask(QString("a b c d e f g h ").repeated(7)));
        QVERIFY(ask(QString("k l m n o p ").repeated(3)));
        QVERIFY(page().composer()->meterText().contains("of 400 tokens"));
        const QString big = QString("x y z ").repeated(43);
        page().composer()->setText(big);
        QTRY_VERIFY(page().composer()->banner()->text().contains("does not fit"));
        QVERIFY(!page().composer()->sendButton()->isEnabled());
        QTest::keyClick(page().composer()->field(), Qt::Key_Return);
        QCOMPARE(chat().turns().size(), 2U);
        QCOMPARE(page().composer()->text(), big);

        QPushButton* drop = page().composer()->banner()->findChildren<QPushButton*>().at(1);
        QTest::mouseClick(drop, Qt::LeftButton);
        QTRY_VERIFY(page().composer()->sendButton()->isEnabled());
        QVERIFY(!chat().turns()[0].read);
        QVERIFY(chat().turns()[1].read);
        QTest::keyClick(page().composer()->field(), Qt::Key_Return);
        QTRY_COMPARE(chat().turns().size(), 3U);
        QVERIFY(done());
    }

    void anEditThatDoesNotFitChangesNothing() {
        options([](ChatOptions& o) { o.maxTokens = 8; });
        QVERIFY(ask(QString("x y z ").repeated(43)));
        const QString fits = QString("z y x ").repeated(43).trimmed(); // in place of the other
        const QString big = QString("z y x ").repeated(80);
        QTest::keyClick(page().composer()->field(), Qt::Key_Up);
        page().composer()->setText(big);
        QTest::keyClick(page().composer()->field(), Qt::Key_Return); // before it is counted
        QTRY_VERIFY(page().composer()->banner()->text().contains("does not fit"));
        QTest::keyClick(page().composer()->field(), Qt::Key_Return);
        QVERIFY(!chat().running());
        QCOMPARE(last().version.count, 1);
        QCOMPARE(page().composer()->text(), big);
        QVERIFY(page().composer()->editing());

        page().composer()->setText(fits);
        QTRY_VERIFY(page().composer()->sendButton()->isEnabled());
        QTest::keyClick(page().composer()->field(), Qt::Key_Return);
        QTRY_COMPARE(last().version.count, 2);
        QVERIFY(done());
        QCOMPARE(chat().turns().size(), 1U);
        QCOMPARE(last().text, fits);
        QVERIFY(!page().composer()->editing());
        QVERIFY(page().composer()->text().isEmpty());
    }

    void templateErrorsAreInline() {
        QTest::keyClick(window(), Qt::Key_T, Qt::ControlModifier | Qt::ShiftModifier);
        page().composer()->setText("hello");
        QTRY_VERIFY(page().options()->renderedText().contains("user\nhello"));
        options([](ChatOptions& o) { o.otherTemplate = "{% for %}"; });
        QTRY_VERIFY(!page().options()->errorText().isEmpty());
        QTest::keyClick(page().composer()->field(), Qt::Key_Return);
        QTRY_VERIFY(page().banner()->isVisible());
        QVERIFY(chat().turns().empty());
        options([](ChatOptions& o) { o.otherTemplate = "Q: {{ messages[-1].content }} A:"; });
        QTRY_COMPARE(page().options()->renderedText(), QString("Q: hello A:"));
    }

    void missingModelIsSaidInline() {
        page().openChat({}, QString::fromStdString((studio_->root() / "gone").string()));
        type("hello");
        QTRY_VERIFY(page().banner()->isVisible());
        QVERIFY(page().banner()->text().contains("gone"));
        QVERIFY(!chat().running());
    }

    void theRealModelStopsWhileLoadingAndReading() {
        page().openChat(QString::fromStdString(real_.string()), {});
        const auto stopIn = [&](SidePhase phase) {
            if (!QTest::qWaitFor([&] { return chat().status(ChatSide::original).phase == phase; },
                                 60000))
                return qint64(-1);
            QElapsedTimer timer;
            timer.start();
            page().escape();
            return done() ? timer.elapsed() : -1;
        };
        type("The first");
        const qint64 loading = stopIn(SidePhase::loading);
        QVERIFY2(loading >= 0 && loading < 1000, qPrintable(QString::number(loading)));
        QCOMPARE(last().answer(ChatSide::original)->state, MessageState::stopped);
        page().composer()->setText(QString("One two three four five six. ").repeated(220));
        QTest::keyClick(page().composer()->field(), Qt::Key_Return);
        const qint64 reading = stopIn(SidePhase::reading);
        QVERIFY2(reading >= 0 && reading < 1000, qPrintable(QString::number(reading)));
        QVERIFY(last().answer(ChatSide::original)->text.empty());
        qInfo("stop: %lld ms while loading, %lld ms while reading", static_cast<long long>(loading),
              static_cast<long long>(reading));
    }

    /// A GPU that was chosen and is not there: the answer comes all the same, and it is said why.
    void aDeviceThatIsMissingLeavesTheAnswerToTheProcessor() {
        bool there = false;
        studio_->services.newBackend = [&](const EngineChoice& choice) -> std::unique_ptr<Backend> {
            if (choice.device == processorDevice)
                return watchedBackend();
            if (!there)
                throw KernelError(KernelErrorCode::outOfMemory, "Test GPU", "no memory left");
            return watchedBackend(BackendInfo{"vulkan", "Test GPU", "subgroup 32", 0});
        };
        studio_->services.engineDevices = [] {
            return std::vector<EngineDevice>{
                {"cpu", "Test CPU", "processor", ""},
                {"id-1", "Test GPU", "discrete gpu", ""},
                {"id-2", "Old GPU", "integrated gpu", "16-bit storage"}};
        };
        show(); // the room keeps the maker it was made with
        QTest::keyClick(window(), Qt::Key_E, Qt::ControlModifier | Qt::ShiftModifier);
        QComboBox* choice = page().options()->enginePanel().choice();
        QTRY_COMPARE(choice->count(), 4); // automatic, and three devices
        QCOMPARE(choice->itemText(0), QString("Automatic: Test GPU"));
        QVERIFY(choice->itemText(3).contains("16-bit storage"));
        choice->setFocus();
        QTest::keyClick(choice, Qt::Key_Down);
        QTest::keyClick(choice, Qt::Key_Down);
        QCOMPARE(chat().device(), std::string("id-1"));
        page().escape();

        QVERIFY(ask("one"));
        QCOMPARE(last().answer(ChatSide::quantized)->state, MessageState::done);
        QVERIFY(page().deviceBanner()->isVisible());
        QVERIFY(page().deviceBanner()->text().contains("no memory left"));
        QVERIFY(page().options()->enginePanel().text().contains("processor"));

        there = true;
        QTest::mouseClick(page().deviceBanner()->findChild<QPushButton*>(), Qt::LeftButton);
        QVERIFY(ask("two"));
        QVERIFY(!page().deviceBanner()->isVisible());
        QCOMPARE(chat().cacheBits(), 16);
        page().options()->enginePanel().byteCache()->click();
        QCOMPARE(chat().cacheBits(), 8);
        QVERIFY(page().options()->enginePanel().text().contains("Test GPU"));
        QVERIFY(page().options()->enginePanel().text().contains("subgroup 32"));
        QCOMPARE(last().answer(ChatSide::original)->stats.device, std::string("Test GPU"));
    }

    /// Lost while the quantized model writes: what was written stays, and the answer is the one
    /// that the processor alone would have given.
    void aDeviceThatEndsLeavesTheRestToTheProcessor() {
        options([](ChatOptions& o) {
            o.maxTokens = 40;
            o.sampling = {.temperature = 1, .seed = 3};
        });
        QVERIFY(ask("the other one"));
        const QString whole = textOf(ChatSide::quantized);
        int left = 60; // of the original's 40, and then some
        studio_->services.newBackend = [&](const EngineChoice& choice) {
            if (choice.device == processorDevice)
                return watchedBackend();
            beforeRun_ = [&](const Step& step) {
                if (step.tokens.size() == 1 && --left == 0)
                    throw KernelError(KernelErrorCode::deviceLost, "Test GPU",
                                      "it stopped answering");
            };
            return watchedBackend(BackendInfo{"vulkan", "Test GPU", "subgroup 32", 0});
        };
        show();
        chat().setDevice("id-1", "Test GPU");
        options([](ChatOptions& o) {
            o.maxTokens = 40;
            o.sampling = {.temperature = 1, .seed = 3};
        });
        int begun = 0, shorter = 0;
        qsizetype length = 0;
        connect(&chat(), &ChatController::answerBegins, this, [&](ChatSide) { ++begun; });
        connect(&chat(), &ChatController::answerChanged, this, [&](ChatSide side) {
            if (side == ChatSide::original)
                return;
            shorter += textOf(side).size() < length ? 1 : 0;
            length = textOf(side).size();
        });
        QVERIFY(ask("the other one"));
        QVERIFY(left <= 0);
        QCOMPARE(textOf(ChatSide::quantized), whole);
        QCOMPARE(shorter, 0);
        QCOMPARE(begun, 2); // once a side
        QCOMPARE(last().answer(ChatSide::quantized)->state, MessageState::done);
        QVERIFY(page().deviceBanner()->text().contains("stopped answering"));
        QCOMPARE(last().answer(ChatSide::original)->stats.device, std::string("Test GPU"));
        QVERIFY(last().answer(ChatSide::quantized)->stats.device != "Test GPU");
        QVERIFY(last().answer(ChatSide::quantized)->stats.agreement.kl.size() > 0);
    }

    /// On a real Vulkan driver; here mostly lavapipe, which nobody gets unasked.
    void aVulkanDeviceAnswersWhenChosen() {
        const auto devices = engineDevices();
        const auto found = std::ranges::find_if(devices, [](const EngineDevice& device) {
            return device.type != "processor" && device.missing.empty();
        });
        if (found == devices.end())
            QSKIP("no Vulkan device");
        if (found->type == "software")
            QCOMPARE(chooseDevice(devices), std::string(processorDevice));
        QVERIFY(ask("on the processor"));
        const std::string onProcessor = last().answer(ChatSide::original)->text;
        studio_->services.newBackend = makeEngineBackend;
        show();
        chat().setDevice(found->id, QString::fromStdString(found->name));
        QVERIFY(ask("on the processor"));
        QVERIFY(!page().deviceBanner()->isVisible());
        QCOMPARE(last().answer(ChatSide::original)->stats.device, found->name);
        const QString engine = page().options()->enginePanel().text();
        QVERIFY(engine.contains("Vulkan"));
        QVERIFY2(engine.contains(", 1 row: ") && engine.contains("(default)"), qPrintable(engine));
        QCOMPARE(last().answer(ChatSide::original)->text, onProcessor);
    }

    void bannerSaysWhatWillNotFitOnAGpu() {
        studio_->services.engineDevices = [] {
            return std::vector<EngineDevice>{{"cpu", "Test CPU", "processor", ""},
                                             {"id-1", "Test GPU", "discrete gpu", "", 20'000}};
        };
        show();
        page().openChat(original_, quantized_);
        QTRY_VERIFY(page().memoryBanner()->isVisible());
        QVERIFY2(page().memoryBanner()->text().contains("20.0 kB of Test GPU are free"),
                 qPrintable(page().memoryBanner()->text()));
        chat().setDevice(processorDevice, "Test CPU");
        chat().setDraft("again");
        QTRY_VERIFY(!page().memoryBanner()->isVisible());
    }

    void bannerSaysWhatWillNotFit() {
        studio_->services.availableMemory = [] { return 10'000.0; };
        page().openChat(original_, quantized_);
        QTRY_VERIFY(page().memoryBanner()->isVisible());
        QVERIFY(page().memoryBanner()->text().contains("10.0 kB are free"));
        const MemoryNeed need = chat().memoryNeed();
        QVERIFY(need.needed > 10'000);
        page().options()->enginePanel().byteCache()->click();
        QVERIFY(chat().memoryNeed().needed < need.needed);
        page().options()->enginePanel().byteCache()->click();
        QCOMPARE(chat().memoryNeed().needed, need.needed);
        QTest::mouseClick(page().memoryBanner()->findChild<QPushButton*>(), Qt::LeftButton);
        QCOMPARE(chat().options().mode, ChatMode::quantized);
        studio_->services.availableMemory = [] { return 1e9; };
        QVERIFY(ask("fits"));
        QVERIFY(!page().memoryBanner()->isVisible());
        QCOMPARE(chat().memoryNeed().needed, 0.0); // it is loaded
    }

    /// A store that can no longer be written: told inline, nothing in view is lost, and saved once
    /// there is room again.
    void aFullDiskLosesNothing() {
        QVERIFY(ask("one"));
        const std::int64_t id = chat().chat().id;
        studio_->store.execute("PRAGMA query_only = 1");
        type("two");
        QTRY_VERIFY(page().banner()->isVisible());
        QVERIFY(page().banner()->text().contains("readonly"));
        QCOMPARE(page().composer()->text(), QString("two"));
        QCOMPARE(chat().turns().size(), 1U);
        HistoryModel& model = page().history()->model();
        QVERIFY(!model.setData(model.indexOf(id), "Other", Qt::EditRole));
        auto* said = page().history()->findChild<Banner*>();
        QVERIFY(said->isVisible() && said->text().contains("Other"));
        options([](ChatOptions& o) { o.maxTokens = 8; });
        QTest::keySequence(window(), QKeySequence::ZoomIn); // a setting of the window
        QVERIFY(studio_->banners().contains("readonly"));
        studio_->store.execute("PRAGMA query_only = 0");

        beforeRun_ = [](const Step&) { QThread::msleep(5); };
        options([](ChatOptions& o) { o.maxTokens = 60; });
        type("");
        QTRY_COMPARE(chat().turns().size(), 2U);
        QTRY_VERIFY(textOf(ChatSide::original).size() > 2);
        studio_->store.execute("PRAGMA query_only = 1"); // in the middle of an answer
        QVERIFY(done());
        QVERIFY(chat().unsaved());
        QVERIFY(page().reasonToStay().has_value());
        const QString kept = textOf(ChatSide::original);
        studio_->store.execute("PRAGMA query_only = 0");
        chat().newChat();
        chat().openChat(id);
        QCOMPARE(textOf(ChatSide::original), kept);
        QVERIFY(!page().reasonToStay());
        QVERIFY(QFile(failureLog()).size() > 0);
    }

    void findGoesFromPlaceToPlace() {
        options([](ChatOptions& o) {
            o.mode = ChatMode::quantized;
            o.sampling = {.temperature = 1, .seed = 3};
        });
        QVERIFY(ask("zebra and zebra"));
        QVERIFY(ask("nothing"));
        QVERIFY(ask("Zebra"));
        QTest::keyClick(window(), Qt::Key_F, Qt::ControlModifier);
        FindBar* bar = page().findBar();
        QVERIFY(bar->field()->hasFocus());
        QTest::keyClicks(bar->field(), "zebra");
        QCOMPARE(bar->countText(), QString("1 of 3"));
        QTest::keyClick(bar->field(), Qt::Key_Return);
        QTest::keyClick(bar->field(), Qt::Key_Return);
        QCOMPARE(bar->countText(), QString("3 of 3"));
        QTest::keyClick(bar->field(), Qt::Key_Return);
        QCOMPARE(bar->countText(), QString("1 of 3"));
        QTest::keyClick(bar->field(), Qt::Key_Return, Qt::ShiftModifier);
        QCOMPARE(bar->countText(), QString("3 of 3"));
        QTest::keyClicks(bar->field(), "x");
        QCOMPARE(bar->countText(), QString("not found"));
        bar->field()->setText(textOf(ChatSide::quantized).simplified().section(' ', 0, 0));
        QVERIFY(bar->countText().contains("of"));
        QTest::keyClick(window(), Qt::Key_Escape);
        QVERIFY(!bar->isVisible());
    }

    void whoHearsTheWindowHearsTheAnswer() {
        QCOMPARE(finishedSentences("One. Two"), 4);
        QCOMPARE(finishedSentences("One. Two!"), 4); // maybe "Two!!"
        QCOMPARE(finishedSentences("3.14"), 0);
        QCOMPARE(finishedSentences("- item\n- it"), 6);
        QStringList said;
        connect(page().findChild<AnswerSpeaker*>(), &AnswerSpeaker::spoken, this,
                [&](const QString& text) { said << text; });
        options([](ChatOptions& o) { o.sampling = {.temperature = 1, .seed = 3}; });
        QVERIFY(ask("the other one"));
        QVERIFY(said.size() >= 2);
        QCOMPARE(said.last(), QString("Answer finished."));
        const QString all = said.join(' ').simplified();
        QVERIFY(all.contains("Original: ") && all.contains("Quantized: "));
        QVERIFY(all.contains(textOf(ChatSide::quantized).simplified().right(8)));
    }

private:
    std::filesystem::path real_;
};

QTEST_MAIN(ChatTroubleTest)
#include "chat_trouble_test.moc"
