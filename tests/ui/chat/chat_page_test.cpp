// SPDX-License-Identifier: GPL-3.0-or-later
//
// The page with keys and mouse, on tiny models, and stops on the real one.
#include "core/store/database.h"
#include "real_model.h"
#include "screenshot.h"
#include "tiny_pair.h"
#include "ui/chat/answer_text.h"
#include "ui/chat/chat_export.h"
#include "ui/chat/chat_history.h"
#include "ui/chat/chat_page.h"
#include "ui/chat/chat_pane.h"
#include "ui/chat/composer.h"
#include "ui/chat/instruments.h"
#include "ui/chat/kl_strip.h"
#include "ui/chat/options_panel.h"
#include "ui/studio/main_window.h"
#include "ui/theme/theme.h"
#include "ui/widgets/banner.h"
#include "wrapped_backend.h"

#include <QClipboard>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLineEdit>
#include <QListView>
#include <QPushButton>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QtTest>

using namespace bwla;
using namespace bwla::ui;

class ChatPageTest : public QObject {
    Q_OBJECT
    QTemporaryDir folder_;
    QString original_, quantized_;
    std::unique_ptr<Theme> theme_;
    std::unique_ptr<Database> store_;
    std::function<void(const Step&)> beforeRun_;
    std::unique_ptr<Services> services_;
    std::unique_ptr<MainWindow> window_;

    ChatPage& page() { return *window_->page<ChatPage>(); }
    ChatController& chat() { return page().controller(); }
    const ChatTurn& last() { return chat().turns().back(); }

    void options(const std::function<void(ChatOptions&)>& change) {
        ChatOptions options = chat().options();
        change(options);
        chat().setOptions(options);
    }
    void type(const QString& text) {
        QTest::keyClicks(page().composer()->field(), text);
        QTest::keyClick(page().composer()->field(), Qt::Key_Return);
    }
    /// Types, sends, and waits until everybody has answered.
    bool ask(const QString& text) {
        const std::size_t before = chat().turns().size();
        type(text);
        return QTest::qWaitFor([&] { return chat().turns().size() > before; }) && done();
    }
    bool done() {
        return QTest::qWaitFor([this] { return !chat().running(); }, 20000);
    }
    QString textOf(ChatSide side) { return QString::fromStdString(last().answer(side)->text); }

private Q_SLOTS:
    void initTestCase() {
        const std::filesystem::path root = folder_.path().toStdString();
        test::TinyModel model;
        model.context = 400;
        test::writeTinyPair(root, model);
        original_ = folder_.filePath("original");
        quantized_ = folder_.filePath("quantized");
        theme_ = std::make_unique<Theme>();
        theme_->setMode(Theme::Mode::dark);
    }
    void init() {
        beforeRun_ = {};
        store_ = std::make_unique<Database>(Database::inMemory());
        services_ = std::make_unique<Services>(
            Services{.theme = *theme_,
                     .store = *store_,
                     .newQuantizeJob = {},
                     .newBackend = [this](const std::string&) -> std::unique_ptr<Backend> {
                         return std::make_unique<test::WrappedBackend>(
                             makeCpuBackend({.threads = 1}), [this](const Step& step) {
                                 if (beforeRun_)
                                     beforeRun_(step);
                             });
                     },
                     .engineDevices = {}});
        window_ = std::make_unique<MainWindow>(*services_);
        window_->resize(1280, 800);
        window_->show();
        QVERIFY(QTest::qWaitForWindowActive(window_.get()));
        window_->showPage(static_cast<int>(window_->pages().indexOf(&page())));
        page().openChat(original_, quantized_);
        options([](ChatOptions& o) { o.maxTokens = 16; });
    }
    void cleanup() { window_.reset(); }

    void bothAnswerAndAreCompared() {
        // The likeliest path of these weights is nothing but empty lines.
        options([](ChatOptions& o) { o.sampling = {.temperature = 1, .seed = 3}; });
        QVERIFY(ask("the other one"));
        QVERIFY(page().composer()->text().isEmpty());
        for (const ChatSide side : chatSides) {
            QCOMPARE(last().answer(side)->state, MessageState::done);
            QCOMPARE(page().pane(side)->turn(0)->text()->text(), textOf(side));
            QVERIFY(page().pane(side)->turn(0)->numbers().contains("Decode"));
            QVERIFY(last().answer(side)->stats.decodeSpeed > 0);
            QVERIFY(last().answer(side)->stats.memoryBytes > 0);
        }
        const auto difference = last().difference();
        QVERIFY(difference.has_value()); // random weights: they differ at once
        KlStrip* strip = page().pane(ChatSide::quantized)->turn(0)->strip();
        QCOMPARE(strip->count(), last().answer(ChatSide::quantized)->stats.path.size());
        QVERIFY(page().pane(ChatSide::original)->turn(0)->strip()->isHidden());
        const auto* text = page().pane(ChatSide::quantized)->turn(0)->text();
        QVERIFY(!text->differenceRect().isNull());
        QVERIFY(page().instruments()->agreementText().contains(
            QString("token %1").arg(*difference + 1)));
        QVERIFY(page().instruments()->ratioText().contains("decode"));
        QCOMPARE(page().instruments()->throughput().series.size(), 2);
        QCOMPARE(chat().chat().title, std::string("the other one"));
    }

    void equalModelsAreIdentical() {
        page().openChat(quantized_, quantized_);
        QVERIFY(ask("and the first"));
        QVERIFY(!last().difference());
        QVERIFY(page().pane(ChatSide::quantized)->turn(0)->numbers().contains("identical"));
        QVERIFY(page().instruments()->agreementText().startsWith("100 %"));
    }

    void whatIsWrittenIsInTheStoreAtOnce() {
        beforeRun_ = [](const Step&) { QThread::msleep(4); };
        QString seen, stored;
        connect(&chat(), &ChatController::answerChanged, this, [&](ChatSide side) {
            const ChatAnswer& answer = *last().answer(side);
            if (answer.state != MessageState::streaming || !seen.isEmpty())
                return;
            seen = QString::fromStdString(answer.text);
            stored = QString::fromStdString(chat().store().message(answer.id).text);
        });
        QVERIFY(ask("the words"));
        QVERIFY(!seen.isEmpty());
        QCOMPARE(stored, seen);
    }

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
        QTest::keyClick(window_.get(), Qt::Key_Escape);
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

    void versionsByKeys() {
        options([](ChatOptions& o) { o.sampling = {.temperature = 1.5, .seed = 1}; });
        QVERIFY(ask("tell"));
        const QString first = textOf(ChatSide::quantized);
        options([](ChatOptions& o) { o.sampling.seed = 2; });
        QTest::keyClick(window_.get(), Qt::Key_R, Qt::ControlModifier);
        QVERIFY(done());
        const QString second = textOf(ChatSide::quantized);
        QVERIFY(first != second);
        QCOMPARE(last().answerVersion.count, 2);
        QTest::keyClick(window_.get(), Qt::Key_Left, Qt::AltModifier);
        QCOMPARE(textOf(ChatSide::quantized), first);
        QCOMPARE(last().answerVersion.index, 1);
        QTest::keyClick(window_.get(), Qt::Key_Right, Qt::AltModifier);
        QCOMPARE(textOf(ChatSide::quantized), second);
    }

    void editAndBranchKeepWhatWas() {
        QVERIFY(ask("one"));
        QVERIFY(ask("two"));
        QTest::keyClick(page().composer()->field(), Qt::Key_Up);
        QCOMPARE(page().composer()->text(), QString("two"));
        QTest::keyClicks(page().composer()->field(), " more");
        QTest::keyClick(page().composer()->field(), Qt::Key_Return);
        QVERIFY(done());
        QCOMPARE(chat().turns().size(), 2U);
        QCOMPARE(last().text, QString("two more"));
        QCOMPARE(last().version.count, 2);

        TurnView* view = page().pane(ChatSide::quantized)->turn(0);
        view->setFocus();
        QTest::keyClick(view, Qt::Key_B);
        QCOMPARE(chat().turns().size(), 1U);
        QVERIFY(ask("another way"));
        QCOMPARE(last().version.count, 3);
        chat().showVersion(1, false, -1);
        QCOMPARE(last().text, QString("two more"));
    }

    void deletesCanBeUndone() {
        QVERIFY(ask("one"));
        QVERIFY(ask("two"));
        TurnView* view = page().pane(ChatSide::original)->turn(1);
        view->setFocus();
        QTest::keyClick(view, Qt::Key_Delete);
        QCOMPARE(chat().turns().size(), 1U);
        QTest::mouseClick(page().banner()->findChild<QPushButton*>(), Qt::LeftButton);
        QCOMPARE(chat().turns().size(), 2U);

        QListView* list = page().history()->list();
        const std::int64_t id = chat().chat().id;
        list->setCurrentIndex(page().history()->model().indexOf(id));
        QTest::keyClick(list, Qt::Key_Delete);
        QVERIFY(chat().turns().empty());
        QVERIFY(chat().store().chats().empty());
        auto* undo = page().history()->findChild<Banner*>()->findChild<QPushButton*>();
        QTest::mouseClick(undo, Qt::LeftButton);
        QCOMPARE(chat().chat().id, id);
        QCOMPARE(chat().turns().size(), 2U);
    }

    void searchFindsAndOpens() {
        QVERIFY(ask("zebra crossing"));
        const std::int64_t id = chat().chat().id;
        QTest::keyClick(window_.get(), Qt::Key_N, Qt::ControlModifier);
        QVERIFY(ask("something else"));
        QTest::keyClick(window_.get(), Qt::Key_K, Qt::ControlModifier);
        auto* search = page().history()->findChild<QLineEdit*>();
        QVERIFY(search->hasFocus());
        QTest::keyClicks(search, "zeb");
        QVERIFY(page().history()->model().rowCount() >= 1);
        QTest::keyClick(search, Qt::Key_Return);
        QCOMPARE(chat().chat().id, id);
        search->clear();
        HistoryModel& model = page().history()->model();
        QVERIFY(model.setData(model.indexOf(id), "Striped", Qt::EditRole));
        QCOMPARE(chat().store().chat(id).title, std::string("Striped"));
    }

    void nothingIsCutSilently() {
        options([](ChatOptions& o) { o.maxTokens = 8; });
        QVERIFY(ask(QString("a b c d e f g h ").repeated(7)));
        QVERIFY(ask(QString("k l m n o p ").repeated(3)));
        QVERIFY(page().composer()->meterText().contains("of 400 tokens"));
        const QString big = QString("x y z ").repeated(43);
        page().composer()->setText(big);
        QTRY_VERIFY(page().composer()->banner()->text().contains("too many"));
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

    void templateErrorsAreInline() {
        QTest::keyClick(window_.get(), Qt::Key_T, Qt::ControlModifier | Qt::ShiftModifier);
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
        page().openChat({}, folder_.filePath("gone"));
        type("hello");
        QTRY_VERIFY(page().banner()->isVisible());
        QVERIFY(page().banner()->text().contains("gone"));
        QVERIFY(!chat().running());
    }

    void modesAndNarrowWindows() {
        options([](ChatOptions& o) { o.mode = ChatMode::quantized; });
        QVERIFY(!page().pane(ChatSide::original)->isVisible());
        QVERIFY(ask("alone"));
        QVERIFY(!last().answer(ChatSide::original));
        options([](ChatOptions& o) { o.mode = ChatMode::both; });
        window_->resize(900, 600);
        QTRY_VERIFY(!page().pane(ChatSide::original)->isVisible());
        QTest::keyClick(window_.get(), Qt::Key_Tab, Qt::ControlModifier);
        QVERIFY(page().pane(ChatSide::original)->isVisible());
        QVERIFY(!page().pane(ChatSide::quantized)->isVisible());
    }

    void exportsHoldWhatWasSaid() {
        QVERIFY(ask("<b>bold</b> & %1 %2"));
        const auto text = [&](const char* ending) {
            const QString file = folder_.filePath(QString("chat") + ending);
            const QString wrong = exportChat(file, chat().chat(), chat().options(), chat().turns());
            QFile in(file);
            return wrong.isEmpty() && in.open(QIODevice::ReadOnly) ? QString(in.readAll()) : wrong;
        };
        QVERIFY(text(".md").contains("<b>bold</b> & %1 %2"));
        QVERIFY(text(".md").contains(textOf(ChatSide::original)));
        QVERIFY(text(".html").contains("&lt;b&gt;bold&lt;/b&gt; &amp; %1 %2"));
        const QJsonObject json = QJsonDocument::fromJson(text(".json").toUtf8()).object();
        const QJsonObject turn = json["turns"].toArray().at(0).toObject();
        QCOMPARE(turn["user"].toString(), QString("<b>bold</b> & %1 %2"));
        QCOMPARE(turn["quantized"].toObject()["text"].toString(), textOf(ChatSide::quantized));
        QVERIFY(turn["quantized"].toObject()["stats"].toObject()["kl"].toArray().size() > 0);
        QVERIFY(exportChat("/nowhere/chat.md", chat().chat(), {}, chat().turns())
                    .contains("/nowhere/chat.md"));
    }

    void everyFocusableWidgetHasAName() {
        QVERIFY(ask("one"));
        for (QWidget* widget : page().findChildren<QWidget*>()) {
            if (widget->focusPolicy() == Qt::NoFocus || !widget->isVisible())
                continue;
            const auto* button = qobject_cast<QAbstractButton*>(widget);
            const bool named = !widget->accessibleName().isEmpty() ||
                               (button != nullptr && !button->text().isEmpty());
            QVERIFY2(named, qPrintable(QString(widget->metaObject()->className()) + " " +
                                       widget->objectName() + " in " +
                                       widget->parent()->metaObject()->className()));
        }
        QVERIFY(!page().keys().isEmpty());
    }

    void aChatIsThereAfterReopening() {
        options([](ChatOptions& o) {
            o.system = "Be brief.";
            o.stopStrings = {"zzz"};
        });
        QVERIFY(ask("remember"));
        const std::int64_t id = chat().chat().id;
        const QString answer = textOf(ChatSide::quantized);
        const auto kl = last().answer(ChatSide::quantized)->stats.agreement.kl.size();
        window_.reset();
        window_ = std::make_unique<MainWindow>(*services_);
        chat().openChat(id);
        QCOMPARE(textOf(ChatSide::quantized), answer);
        QCOMPARE(last().answer(ChatSide::quantized)->stats.agreement.kl.size(), kl);
        QCOMPARE(chat().options().system, std::string("Be brief."));
        QCOMPARE(chat().options().stopStrings, std::vector<std::string>{"zzz"});
    }

    /// Only where somebody wants to look: BWLA_SHOTS=folder. The default model beside its artifact.
    void pictures() {
        const std::filesystem::path model = test::realModel();
        const auto artifact = model.parent_path() / "SmolLM2-135M-Instruct-W1A6";
        if (qEnvironmentVariable("BWLA_SHOTS").isEmpty() || !std::filesystem::exists(artifact))
            return;
        page().openChat(QString::fromStdString(model.string()),
                        QString::fromStdString(artifact.string()));
        QTest::qWait(200);
        saveShot(*window_, "chat-empty-dark");
        options([](ChatOptions& o) { o.maxTokens = 72; });
        QVERIFY(ask("Why is the sky blue? Two sentences, please."));
        type("Write a Python function that reverses a string.");
        QVERIFY(QTest::qWaitFor([this] { return chat().turns().size() == 2; }));
        QVERIFY(QTest::qWaitFor(
            [this] {
                return !chat().running() || (last().answer(ChatSide::quantized) &&
                                             last().answer(ChatSide::quantized)->text.size() > 60);
            },
            60000));
        page().composer()->setText("And how would I reverse only the words?");
        QTest::qWait(200);
        saveShot(*window_, "chat-writing-dark");
        QVERIFY(done());
        QTest::qWait(200);
        saveShot(*window_, "chat-dark");
        theme_->setMode(Theme::Mode::light);
        QTest::qWait(200);
        saveShot(*window_, "chat-light");
        QTest::keyClick(window_.get(), Qt::Key_S, Qt::ControlModifier | Qt::ShiftModifier);
        QTest::qWait(200);
        saveShot(*window_, "chat-sampling-light");
        theme_->setMode(Theme::Mode::dark);
        QTest::keyClick(window_.get(), Qt::Key_T, Qt::ControlModifier | Qt::ShiftModifier);
        QTest::qWait(200);
        saveShot(*window_, "chat-template-dark");
        page().escape();
        window_->resize(1024, 700);
        QTest::qWait(200);
        saveShot(*window_, "chat-1024-dark");
        window_->resize(960, 600);
        QTest::qWait(200);
        saveShot(*window_, "chat-960-dark");
    }

    void theRealModelStopsWhileLoadingAndReading() {
        page().openChat(QString::fromStdString(test::realModel().string()), {});
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
};

QTEST_MAIN(ChatPageTest)
#include "chat_page_test.moc"
