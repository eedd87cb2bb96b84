// SPDX-License-Identifier: GPL-3.0-or-later
//
// Conversations of `bwla chat` from standard input: lines that cannot be sent end nothing.
#include "program.h"
#include "tiny_pair.h"

#include <QTemporaryDir>
#include <QTest>

using bwla::test::Finished;
using bwla::test::runBwla;

namespace {

/// More tokens than the context has, in one line.
const QByteArray tooLong = QByteArray("the other one and ").repeated(40) + '\n';

} // namespace

class ConversationTest : public QObject {
    Q_OBJECT
    QTemporaryDir folder_;
    QString model_;

    [[nodiscard]] Finished chat(const QByteArray& input, const QStringList& options = {}) const {
        return runBwla(QStringList{"chat", model_, "--backend", "cpu", "--temp", "0",
                                   "--max-tokens", "12", "--context", "150"} +
                           options,
                       input);
    }
    static QList<QByteArray> lines(const QByteArray& text) { return text.trimmed().split('\n'); }
    static nlohmann::json parsed(const QByteArray& line) {
        return nlohmann::json::parse(line.toStdString());
    }

private slots:
    void initTestCase() {
        bwla::test::writeTinyPair(folder_.path().toStdString());
        model_ = folder_.filePath("original");
    }

    void aLineThatDoesNotFitIsNotSent() {
        const Finished plain = chat("the first\nand then\n");
        QVERIFY2(plain.exitCode == 0, plain.all());
        const Finished finished = chat("the first\n" + tooLong + "and then\n");
        QVERIFY2(finished.exitCode == 0, finished.all());
        QCOMPARE(finished.out, plain.out); // the model never heard of it
        QCOMPARE(finished.err.count("stopped by"), 2);
        QCOMPARE(finished.err.count("Not sent."), 1);
        QCOMPARE(finished.errLines().size(), 3);
        for (const char* part : {"it has ", "for the context of 150", "Shorten it", "/drop"})
            QVERIFY2(finished.err.contains(part), finished.all());
    }

    void itIsAnEventOfAConversationInJson() {
        const Finished finished =
            chat("the first\n" + tooLong + "\xC3\x28\nand then\n", {"--json"});
        QVERIFY2(finished.exitCode == 0, finished.all());
        const QList<QByteArray> answers = lines(finished.out);
        QCOMPARE(answers.size(), 2);
        const auto first = parsed(answers[0]), second = parsed(answers[1]);
        QCOMPARE(bwla::test::keys(first), bwla::test::keys(second));
        QVERIFY(second["prompt_tokens"].get<int>() > first["prompt_tokens"].get<int>());
        std::vector<nlohmann::json> refused;
        for (const QByteArray& line : lines(finished.err))
            if (const auto event = parsed(line); event["event"] == "not_sent")
                refused.push_back(event);
        QCOMPARE(refused.size(), std::size_t{2});
        QCOMPARE(refused[0]["code"].get<std::string>(), std::string("prompt_too_long"));
        QCOMPARE(refused[0]["context"].get<int>(), 150);
        QVERIFY(refused[0]["tokens"].get<int>() > 150);
        QVERIFY(refused[0]["message"].get<std::string>().find("does not fit") != std::string::npos);
        QCOMPARE(refused[1]["code"].get<std::string>(), std::string("bad_text"));
    }

    /// Full: no line fits any more, until the oldest two messages are forgotten.
    void aFullConversationGoesOn() {
        const QByteArray line = "the other one and the first of them\n";
        const Finished full = chat(line.repeated(8), {"--json"});
        const qsizetype sent = lines(full.out).size();
        QVERIFY2(sent >= 2 && sent < 8, full.all());
        QCOMPARE(full.err.count("not_sent"), 8 - sent);

        const Finished more = chat(line.repeated(8) + "/drop\n/drop\n" + line, {"--json"});
        QVERIFY2(more.exitCode == 0, more.all());
        QCOMPARE(lines(more.out).size(), sent + 1);
        QVERIFY(more.out.startsWith(full.out.left(full.out.indexOf("\"text\"") + 20)));
    }

    void thereMayBeNothingToForget() {
        const Finished finished = chat("/drop\nthe first\n", {"--system", "the other"});
        QVERIFY2(finished.exitCode == 0, finished.all());
        QVERIFY2(finished.err.contains("nothing to forget"), finished.all());
        QCOMPARE(finished.out, chat("the first\n", {"--system", "the other"}).out);
    }

    /// An answer of one token takes no step whose speed could be said.
    void aContextOfOneTokenAnswersWithOne() {
        const Finished finished = runBwla(
            {"chat", model_, "--backend", "cpu", "--raw", "--prompt", "a", "--context", "1"});
        QVERIFY2(finished.exitCode == 0, finished.all());
        QVERIFY2(finished.err.startsWith("[1 token; prompt 1 token, "), finished.all());
        QVERIFY2(finished.err.contains("stopped by context"), finished.all());
    }

    void aPromptThatDoesNotFitIsAnError() {
        const Finished finished = chat({}, {"--prompt", tooLong.trimmed()});
        QCOMPARE(finished.exitCode, 1);
        QCOMPARE(finished.errLines().size(), 1);
        QVERIFY2(finished.err.contains("does not fit") && finished.err.contains("--context"),
                 finished.all());
    }
};

QTEST_GUILESS_MAIN(ConversationTest)
#include "conversation_test.moc"
