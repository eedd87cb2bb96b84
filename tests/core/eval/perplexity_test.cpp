// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/error.h"
#include "core/eval/kl_divergence.h"
#include "core/eval/perplexity.h"
#include "core/eval/token_loss.h"
#include "core/job/job.h"
#include "in_memory_weights.h"

#include <QtTest>

#include <cmath>
#include <limits>
#include <numeric>

using namespace bwla;
using namespace bwla::test;

namespace {

const WindowRule rule{.length = 150, .firstRow = 20};

/// exp of the mean loss, one token a run, straight from the definition.
double perplexityByHand(Session& session, const std::vector<std::int32_t>& tokens,
                        std::int64_t windows) {
    double loss = 0.0;
    for (std::int64_t w = 0; w < windows; ++w) {
        session.rewind(0);
        for (std::int64_t i = 0; i + 1 < rule.length; ++i) {
            const std::size_t at = static_cast<std::size_t>(w * rule.length + i);
            const auto logits = session.feed({&tokens[at], 1});
            double sum = 0.0;
            for (const float logit : logits)
                sum += std::exp(double(logit));
            if (i >= rule.firstRow)
                loss += std::log(sum) - logits[static_cast<std::size_t>(tokens[at + 1])];
        }
    }
    return std::exp(loss / static_cast<double>(windows * (rule.length - 1 - rule.firstRow)));
}

} // namespace

class PerplexityTest : public QObject {
    Q_OBJECT
    std::unique_ptr<Backend> backend_ = makeReferenceBackend();
    Transformer model_{*backend_, floatModel(tinyConfig(), 1)};
    std::vector<std::int32_t> tokens_ = Random(2).tokens(480, 70);

private slots:
    void lossOfKnownLogits();
    void uniformModelHasTheVocabularysPerplexity();
    void isTheDefinition();
    void countsWindowsAndPredictions();
    void oneWindowHasNoStandardError();
    void notFiniteIsAnError();
    void stops();
    void divergenceOfKnownRows();
    void divergenceFromItselfIsZero();
    void divergenceIsTheMeanOverCountedRows();
    void divergenceNeedsOneVocabulary();
};

void PerplexityTest::lossOfKnownLogits() {
    const std::vector<float> logits{std::log(1.0F), std::log(2.0F), std::log(5.0F)};
    QVERIFY(std::abs(tokenLoss(logits, 2) - std::log(8.0 / 5.0)) < 1e-6);
    const std::vector<float> huge{1000.0F, 1000.0F, -1000.0F}; // overflows without the maximum
    QVERIFY(std::abs(tokenLoss(huge, 0) - std::log(2.0)) < 1e-6);
    QVERIFY(std::abs(tokenLoss(huge, 2) - 2000.0 - std::log(2.0)) < 1e-3);
    // Many small terms: a float32 sum of 49152 ones and tiny values would drift.
    const std::vector<float> flat(49152, 0.1F);
    QVERIFY(std::abs(tokenLoss(flat, 7) - std::log(49152.0)) < 1e-6);
}

void PerplexityTest::uniformModelHasTheVocabularysPerplexity() {
    InMemoryWeights zero = floatModel(tinyConfig(), 3);
    std::ranges::fill(zero.table.f32, 0.0F);
    Transformer model(*backend_, zero);
    Session session(model, rule.length);
    const PerplexityResult result = perplexity(session, tokens_, rule);
    QVERIFY(std::abs(result.perplexity - 70.0) < 1e-4);
    QVERIFY(std::abs(result.standardError) < 1e-4);
}

void PerplexityTest::isTheDefinition() {
    Session session(model_, rule.length);
    const PerplexityResult result = perplexity(session, tokens_, rule);
    Session hand(model_, rule.length);
    const double expected = perplexityByHand(hand, tokens_, 3);
    QVERIFY2(std::abs(result.perplexity / expected - 1.0) < 1e-4,
             qPrintable(QString("%1 %2").arg(result.perplexity).arg(expected)));
    QVERIFY(result.standardError > 0.0);
}

void PerplexityTest::countsWindowsAndPredictions() {
    Session session(model_, rule.length);
    std::vector<std::int64_t> heard;
    const PerplexityResult result =
        perplexity(session, tokens_, rule, 2, [&](std::int64_t done, std::int64_t all, double) {
            QCOMPARE(all, 2);
            heard.push_back(done);
        });
    QCOMPARE(result.windows, 2);
    QCOMPARE(result.tokens, 2 * 129);
    QCOMPARE(heard, (std::vector<std::int64_t>{1, 2}));
    QCOMPARE(perplexity(session, tokens_, rule).windows, 3);
}

void PerplexityTest::oneWindowHasNoStandardError() {
    Session session(model_, rule.length);
    QVERIFY(std::isnan(perplexity(session, tokens_, rule, 1).standardError));
}

void PerplexityTest::notFiniteIsAnError() {
    InMemoryWeights broken = floatModel(tinyConfig(), 1);
    broken.norm[5] = std::numeric_limits<float>::quiet_NaN();
    Transformer model(*backend_, broken);
    Session session(model, rule.length);
    try {
        (void)perplexity(session, tokens_, rule);
        QFAIL("no error");
    } catch (const Error& error) {
        QVERIFY(error.code == ErrorCode::numeric);
    }
}

void PerplexityTest::stops() {
    Session session(model_, rule.length);
    std::stop_source stop;
    QVERIFY_EXCEPTION_THROWN((void)perplexity(
                                 session, tokens_, rule, 0,
                                 [&](auto, auto, auto) { stop.request_stop(); }, stop.get_token()),
                             Cancelled);
}

void PerplexityTest::divergenceOfKnownRows() {
    const std::vector<float> p{std::log(1.0F), std::log(3.0F)};
    const std::vector<float> q{std::log(2.0F) + 5.0F, std::log(2.0F) + 5.0F}; // shift is no change
    const RowDivergence row = rowDivergence(p, q);
    QVERIFY(std::abs(row.kl - (0.25 * std::log(0.5) + 0.75 * std::log(1.5))) < 1e-6);
    QVERIFY(!row.sameTop);
    QVERIFY(rowDivergence(p, p).sameTop);
    QCOMPARE(rowDivergence(p, p).kl, 0.0);
}

void PerplexityTest::divergenceFromItselfIsZero() {
    Transformer same(*backend_, floatModel(tinyConfig(), 1));
    Session a(model_, rule.length);
    Session b(same, rule.length);
    const KlResult result = klDivergence(a, b, tokens_, rule);
    QVERIFY(result.mean < 1e-6);
    QCOMPARE(result.topAgreement, 1.0);
    QCOMPARE(result.tokens, 3 * 129);
}

void PerplexityTest::divergenceIsTheMeanOverCountedRows() {
    Transformer other(*backend_, floatModel(tinyConfig(), 5));
    Session a(model_, rule.length);
    Session b(other, rule.length);
    const KlResult result = klDivergence(a, b, tokens_, rule, 1);
    a.rewind(0);
    b.rewind(0);
    std::vector<double> rows;
    double agree = 0.0;
    for (std::size_t i = 0; i + 1 < static_cast<std::size_t>(rule.length); ++i) {
        const auto expected = a.feed({&tokens_[i], 1});
        const auto found = b.feed({&tokens_[i], 1});
        if (i < static_cast<std::size_t>(rule.firstRow))
            continue;
        const RowDivergence row = rowDivergence(expected, found);
        rows.push_back(row.kl);
        agree += row.sameTop ? 1.0 : 0.0;
    }
    std::ranges::sort(rows);
    const auto count = static_cast<double>(rows.size());
    const double mean = std::accumulate(rows.begin(), rows.end(), 0.0) / count;
    QCOMPARE(result.tokens, static_cast<std::int64_t>(rows.size()));
    QVERIFY(std::abs(result.mean / mean - 1.0) < 1e-4);
    QVERIFY(std::abs(result.median / rows[64] - 1.0) < 1e-3);        // 65th of 129
    QVERIFY(std::abs(result.percentile99 / rows[127] - 1.0) < 1e-3); // 128th of 129
    QVERIFY(std::abs(result.topAgreement - agree / count) < 1e-9);
    QVERIFY(result.mean > 0.1);
}

void PerplexityTest::divergenceNeedsOneVocabulary() {
    Transformer other(*backend_, floatModel(tinyConfig(71), 5));
    Session a(model_, rule.length);
    Session b(other, rule.length);
    QVERIFY_EXCEPTION_THROWN((void)klDivergence(a, b, tokens_, rule), Error);
}

QTEST_GUILESS_MAIN(PerplexityTest)
#include "perplexity_test.moc"
