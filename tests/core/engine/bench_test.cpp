// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/engine/bench.h"
#include "in_memory_weights.h"
#include "wrapped_backend.h"

#include <QtTest>

using namespace bwla;
using namespace bwla::test;

class BenchTest : public QObject {
    Q_OBJECT

private slots:
    void runsWhatItSays();
    void leavesOutEmptyTests();
    void refusesToMeasureNothing();
    void stops();
};

void BenchTest::runsWhatItSays() {
    std::vector<std::pair<std::size_t, std::int64_t>> runs; // rows, position
    WrappedBackend backend(makeReferenceBackend(), [&](const Step& step) {
        runs.emplace_back(step.tokens.size(), step.position);
    });
    Transformer model(backend, floatModel(tinyConfig(), 1));
    std::vector<double> fractions;
    const auto rows = BenchJob(model).run(
        {.promptTokens = 130, .generateTokens = 3, .repetitions = 2},
        [&](const Progress& progress) { fractions.push_back(progress.fraction); }, {});

    using Runs = decltype(runs);
    Runs expected;
    for (int i = 0; i < 3; ++i) { // one warm-up, two repetitions
        expected.emplace_back(128, 0);
        expected.emplace_back(2, 128);
    }
    expected.emplace_back(1, 0); // warm-up of one token
    for (int i = 0; i < 2; ++i)
        for (int position = 0; position < 3; ++position)
            expected.emplace_back(1, position);
    QCOMPARE(runs, expected);

    QCOMPARE(rows.size(), std::size_t(2));
    QCOMPARE(rows[0].test, std::string("pp130"));
    QCOMPARE(rows[1].test, std::string("tg3"));
    for (const BenchRow& row : rows) {
        QVERIFY(row.tokensPerSecond > 0.0);
        QVERIFY(row.deviation >= 0.0);
        QVERIFY(row.memoryBytes > model.weightBytes());
    }
    QCOMPARE(rows[0].tokenWeightBytes, std::int64_t{0}); // tokens of a prompt share the weights
    QCOMPARE(rows[1].tokenWeightBytes, model.stepWeightBytes());
    QCOMPARE(fractions, (std::vector<double>{0.25, 0.5, 0.75, 1.0}));
}

void BenchTest::leavesOutEmptyTests() {
    const auto backend = makeReferenceBackend();
    Transformer model(*backend, floatModel(tinyConfig(), 1));
    const auto rows =
        BenchJob(model).run({.promptTokens = 0, .generateTokens = 2, .repetitions = 1}, {}, {});
    QCOMPARE(rows.size(), std::size_t(1));
    QCOMPARE(rows[0].test, std::string("tg2"));
    QCOMPARE(rows[0].deviation, 0.0);
}

void BenchTest::refusesToMeasureNothing() {
    const auto backend = makeReferenceBackend();
    Transformer model(*backend, floatModel(tinyConfig(), 1));
    BenchJob job(model);
    for (const BenchSettings& settings :
         {BenchSettings{.promptTokens = 0, .generateTokens = 0},
          BenchSettings{.promptTokens = -1, .generateTokens = 2}, BenchSettings{.repetitions = 0}})
        QVERIFY_EXCEPTION_THROWN(job.run(settings, {}, {}), Error);
}

void BenchTest::stops() {
    std::stop_source stop;
    WrappedBackend backend(makeReferenceBackend(), [&](const Step& step) {
        if (step.position == 5)
            stop.request_stop();
    });
    Transformer model(backend, floatModel(tinyConfig(), 1));
    BenchJob job(model);
    const auto outcome = runJob(job, BenchSettings{.promptTokens = 4, .generateTokens = 64},
                                Sink<Progress>{}, stop.get_token());
    QVERIFY(outcome.state == Outcome<std::vector<BenchRow>>::State::cancelled);
}

QTEST_GUILESS_MAIN(BenchTest)
#include "bench_test.moc"
