// SPDX-License-Identifier: GPL-3.0-or-later
//
// The page with keys and mouse: asking, versions, history.
#include "accessible_names.h"
#include "chat_fixture.h"
#include "real_model.h"
#include "screenshot.h"
#include "tab_order.h"
#include "ui/chat/answer_text.h"
#include "ui/chat/chat_export.h"
#include "ui/chat/chat_history.h"
#include "ui/chat/instruments.h"
#include "ui/chat/kl_strip.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLineEdit>
#include <QListView>
#include <QtTest>

using namespace bwla;
using namespace bwla::ui;

class ChatPageTest : public QObject, private test::ChatFixture {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { real_ = test::realModel(); } // before a fixture moves the data folder
    void init() { open(); }
    void cleanup() { close(); }

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

    void versionsByKeys() {
        options([](ChatOptions& o) { o.sampling = {.temperature = 1.5, .seed = 1}; });
        QVERIFY(ask("tell"));
        const QString first = textOf(ChatSide::quantized);
        options([](ChatOptions& o) { o.sampling.seed = 2; });
        QTest::keyClick(window(), Qt::Key_R, Qt::ControlModifier);
        QVERIFY(done());
        const QString second = textOf(ChatSide::quantized);
        QVERIFY(first != second);
        QCOMPARE(last().answerVersion.count, 2);
        QTest::keyClick(window(), Qt::Key_Left, Qt::AltModifier);
        QCOMPARE(textOf(ChatSide::quantized), first);
        QCOMPARE(last().answerVersion.index, 1);
        QTest::keyClick(window(), Qt::Key_Right, Qt::AltModifier);
        QCOMPARE(textOf(ChatSide::quantized), second);
    }

    void editAndBranchKeepWhatWas() {
        QVERIFY(ask("one"));
        QVERIFY(ask("two"));
        QTest::keyClick(page().composer()->field(), Qt::Key_Up);
        QCOMPARE(page().composer()->text(), QString("two"));
        QTest::keyClicks(page().composer()->field(), " more");
        QTest::keyClick(page().composer()->field(), Qt::Key_Return);
        QTRY_COMPARE(last().text, QString("two more"));
        QVERIFY(done());
        QCOMPARE(chat().turns().size(), 2U);
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
        QTest::keyClick(window(), Qt::Key_N, Qt::ControlModifier);
        QVERIFY(ask("something else"));
        QTest::keyClick(window(), Qt::Key_K, Qt::ControlModifier);
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

    void modesAndNarrowWindows() {
        options([](ChatOptions& o) { o.mode = ChatMode::quantized; });
        QVERIFY(!page().pane(ChatSide::original)->isVisible());
        QVERIFY(ask("alone"));
        QVERIFY(!last().answer(ChatSide::original));
        options([](ChatOptions& o) { o.mode = ChatMode::both; });
        window()->resize(900, 600);
        QTRY_VERIFY(!page().pane(ChatSide::original)->isVisible());
        QTest::keyClick(window(), Qt::Key_Tab, Qt::ControlModifier);
        QVERIFY(page().pane(ChatSide::original)->isVisible());
        QVERIFY(!page().pane(ChatSide::quantized)->isVisible());
    }

    void exportsHoldWhatWasSaid() {
        QVERIFY(ask("<b>bold</b> & %1 %2"));
        const auto text = [&](const char* ending) {
            const QString file = studio_->folder.filePath(QString("chat") + ending);
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
        const QStringList nameless = test::unnamedWidgets(page());
        QVERIFY2(nameless.isEmpty(), qPrintable(nameless.join(", ")));
        const QStringList backwards = test::tabsBackwards(page());
        QVERIFY2(backwards.isEmpty(), qPrintable(backwards.join("; ")));
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
        studio_->window.reset();
        studio_->show();
        chat().openChat(id);
        QCOMPARE(textOf(ChatSide::quantized), answer);
        QCOMPARE(last().answer(ChatSide::quantized)->stats.agreement.kl.size(), kl);
        QCOMPARE(chat().options().system, std::string("Be brief."));
        QCOMPARE(chat().options().stopStrings, std::vector<std::string>{"zzz"});
    }

    /// Only where somebody wants to look: BWLA_SHOTS=folder. The default model beside its artifact.
    void pictures() {
        const std::filesystem::path model = real_;
        const auto artifact = model.parent_path() / "SmolLM2-135M-Instruct-W1A6";
        if (qEnvironmentVariable("BWLA_SHOTS").isEmpty() || !std::filesystem::exists(artifact))
            return;
        page().openChat(QString::fromStdString(model.string()),
                        QString::fromStdString(artifact.string()));
        QTest::qWait(200);
        saveShot(*window(), "chat-empty-dark");
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
        saveShot(*window(), "chat-writing-dark");
        QVERIFY(done());
        QTest::qWait(200);
        saveShot(*window(), "chat-dark");
        studio_->theme.setMode(Theme::Mode::light);
        QTest::qWait(200);
        saveShot(*window(), "chat-light");
        QTest::keyClick(window(), Qt::Key_S, Qt::ControlModifier | Qt::ShiftModifier);
        QTest::qWait(200);
        saveShot(*window(), "chat-sampling-light");
        studio_->theme.setMode(Theme::Mode::dark);
        QTest::keyClick(window(), Qt::Key_T, Qt::ControlModifier | Qt::ShiftModifier);
        QTest::qWait(200);
        saveShot(*window(), "chat-template-dark");
        page().escape();
        window()->resize(1024, 700);
        QTest::qWait(200);
        saveShot(*window(), "chat-1024-dark");
        window()->resize(960, 600);
        QTest::qWait(200);
        saveShot(*window(), "chat-960-dark");
    }

private:
    std::filesystem::path real_;
};

QTEST_MAIN(ChatPageTest)
#include "chat_page_test.moc"
