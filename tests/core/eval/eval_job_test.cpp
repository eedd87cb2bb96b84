// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/eval/eval_job.h"
#include "core/eval/sha256.h"
#include "expect_error.h"
#include "in_memory_weights.h"
#include "tiny_tokenizer.h"

#include <QTemporaryDir>
#include <QtTest>

#include <cmath>
#include <fstream>

using namespace bwla;
using namespace bwla::test;

namespace {

/// Rows of different words, so that windows differ.
std::string rowsOfText(int count) {
    std::string text;
    for (int i = 0; i < count; ++i)
        text += " = Part " + std::to_string(i) + " = \n \n the harbour and its " +
                std::to_string(i * i) + " boats in the morning \n";
    return text;
}

} // namespace

class EvalJobTest : public QObject {
    Q_OBJECT
    QTemporaryDir folder_;
    Tokenizer tokenizer_{tinyTokenizer()};
    std::unique_ptr<Backend> backend_ = makeCpuBackend();
    Transformer model_{*backend_, floatModel(tinyConfig(300), 1)};
    Transformer other_{*backend_, binaryModel(tinyConfig(300), 2)};

    std::filesystem::path file(const char* name, const std::string& text) const {
        const auto path = std::filesystem::path(folder_.path().toStdString()) / name;
        std::ofstream(path, std::ios::binary) << text;
        return path;
    }
    EvalResult evaluate(const EvalSettings& settings, Transformer* reference = nullptr,
                        const Sink<EvalEvent>& sink = {}) {
        return EvalJob(model_, tokenizer_, reference).run(settings, sink, {});
    }

private slots:
    void perplexityOfAFile();
    void windowsAreLimited();
    void llamacppScoresSecondHalves();
    void divergenceFromAReference();
    void divergenceOnTheReferencesAnswers();
    void activationBitsAreTheModelsOwn();
    void badFilesAreNamed();
    void aStopIsAnOutcome();
};

void EvalJobTest::perplexityOfAFile() {
    const std::string text = rowsOfText(110);
    const auto path = file("rows.raw", text);
    std::vector<EvalEvent> events;
    const EvalResult result =
        evaluate({.text = path}, nullptr, [&](const EvalEvent& event) { events.push_back(event); });
    const auto tokens = tokenizer_.encode(joinRows(text), false);
    QCOMPARE(tokens.size() / 2048, std::size_t(2));
    QCOMPARE(result.textTokens, std::ssize(tokens));
    QCOMPARE(result.perplexity->windows, std::ssize(tokens) / 2048);
    QCOMPARE(result.perplexity->tokens, result.perplexity->windows * 2047);
    QCOMPARE(result.dataSha256, sha256(text));
    QCOMPARE(result.activationBits, 16);
    QVERIFY(!result.divergence);
    QVERIFY(result.seconds > 0.0);

    QCOMPARE(std::ssize(events), result.perplexity->windows);
    QCOMPARE(events.back().progress.fraction, 1.0);
    QCOMPARE(events.back().progress.etaSeconds, 0.0);
    QCOMPARE(events.back().progress.phase, "perplexity");
    QVERIFY(std::abs(events.back().value - result.perplexity->perplexity) < 1e-9);

    Session session(model_, 2048);
    const double expected = perplexity(session, tokens, {.length = 2048}).perplexity;
    QVERIFY(std::abs(result.perplexity->perplexity / expected - 1.0) < 1e-9);
}

void EvalJobTest::windowsAreLimited() {
    const auto path = file("rows.raw", rowsOfText(40));
    const EvalResult result =
        evaluate({.protocol = Protocol::llamacpp512, .text = path, .windows = 1});
    QCOMPARE(result.perplexity->windows, 1);
    QVERIFY(result.textTokens > 1024); // of the whole text all the same
}

void EvalJobTest::llamacppScoresSecondHalves() {
    const auto path = file("rows.raw", rowsOfText(40));
    const EvalResult result = evaluate({.protocol = Protocol::llamacpp512, .text = path});
    QCOMPARE(result.perplexity->tokens, result.perplexity->windows * 255);
    QCOMPARE(result.perplexity->windows, result.textTokens / 512);
}

void EvalJobTest::divergenceFromAReference() {
    const auto path = file("rows.raw", rowsOfText(40));
    const EvalResult result =
        evaluate({.protocol = Protocol::llamacpp512, .text = path, .windows = 1}, &other_);
    QVERIFY(!result.perplexity);
    QCOMPARE(result.divergence->tokens, 255);
    QVERIFY(result.divergence->mean > 0.0);
    QVERIFY(result.divergence->percentile99 >= result.divergence->median);

    Transformer same(*backend_, floatModel(tinyConfig(300), 1));
    QVERIFY(evaluate({.protocol = Protocol::llamacpp512, .text = path, .windows = 1}, &same)
                .divergence->mean < 1e-6);
}

void EvalJobTest::divergenceOnTheReferencesAnswers() {
    const auto path = file("questions.txt", "Why boats?\n\n \nWhere is the harbour?\nWhen?\n");
    const auto ask = [&](Transformer& reference, std::int64_t questions) {
        return EvalJob(model_, tokenizer_, &reference)
            .run({.text = path, .windows = questions, .chats = true}, {}, {});
    };
    const EvalResult result = ask(other_, 0);
    QCOMPARE(result.divergence->windows, 3);
    QVERIFY(result.divergence->mean > 0.0);
    QVERIFY(result.divergence->tokens <= 3 * 128); // answers count, questions do not
    QVERIFY(result.divergence->tokens < result.textTokens);
    QCOMPARE(ask(other_, 0).divergence->mean, result.divergence->mean);
    QCOMPARE(ask(other_, 2).divergence->windows, 2);

    Transformer same(*backend_, floatModel(tinyConfig(300), 1));
    const EvalResult agreed = ask(same, 0);
    QVERIFY(agreed.divergence->mean < 1e-6);
    QCOMPARE(agreed.divergence->topAgreement, 1.0);

    EXPECT_ERROR(evaluate({.text = path, .chats = true}), badArgument, "compare");
    EXPECT_ERROR(EvalJob(model_, tokenizer_, &same)
                     .run({.text = file("blank.txt", "\n \n"), .chats = true}, {}, {}),
                 textTooShort, "blank.txt");
}

void EvalJobTest::activationBitsAreTheModelsOwn() {
    const auto path = file("rows.raw", rowsOfText(40));
    EvalJob job(other_, tokenizer_);
    QCOMPARE(job.run({.protocol = Protocol::llamacpp512, .text = path, .windows = 1}, {}, {})
                 .activationBits,
             6);
    QCOMPARE(job.run({.protocol = Protocol::llamacpp512,
                      .text = path,
                      .windows = 1,
                      .activationBits = 16},
                     {}, {})
                 .activationBits,
             16);
}

void EvalJobTest::badFilesAreNamed() {
    EXPECT_ERROR(evaluate({.text = file("short.txt", "too short")}), textTooShort, "short.txt");
    EXPECT_ERROR(evaluate({.text = file("empty.raw", "")}), textTooShort, "empty.raw");
    EXPECT_ERROR(evaluate({.text = file("broken.txt", rowsOfText(150) + "\xff")}), badText,
                 "broken.txt");
    EXPECT_ERROR(evaluate({.text = "nowhere.txt"}), notFound, "nowhere.txt");
}

void EvalJobTest::aStopIsAnOutcome() {
    const auto path = file("rows.raw", rowsOfText(40));
    std::stop_source stop;
    EvalJob job(model_, tokenizer_);
    const auto outcome =
        runJob(job, EvalSettings{.protocol = Protocol::llamacpp512, .text = path},
               Sink<EvalEvent>([&](const EvalEvent&) { stop.request_stop(); }), stop.get_token());
    QVERIFY(outcome.state == Outcome<EvalResult>::State::cancelled);
}

QTEST_GUILESS_MAIN(EvalJobTest)
#include "eval_job_test.moc"
