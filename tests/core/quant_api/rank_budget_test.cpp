// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/error.h"
#include "core/quant/quantize_estimate.h"
#include "core/quant/rank_budget.h"
#include "expect_error.h"
#include "tiny_model.h"

#include <QTest>

#include <numeric>
#include <random>

using namespace bwla;

namespace {

ModelConfig tinyShape(std::int64_t layers) {
    test::TinyModel tiny;
    tiny.layers = layers;
    const Json json = test::tinyConfig(tiny);
    return llamaConfig(JsonObject(json, "config.json"));
}

std::int64_t bitsOf(const ModelConfig& config, const RankPlan& plan) {
    std::int64_t bits = 0;
    for (const auto& block : plan)
        for (std::size_t k = 0; k < groupCount; ++k)
            bits += block[k] * bitsOfOneRank(config, static_cast<GroupKind>(k));
    return bits;
}

double worthOf(const RankWorth& worth, const RankPlan& plan) {
    double sum = 0.0;
    for (std::size_t block = 0; block < plan.size(); ++block)
        for (std::size_t k = 0; k < groupCount; ++k)
            sum += std::accumulate(worth[block][k].begin(),
                                   worth[block][k].begin() + plan[block][k], 0.0);
    return sum;
}

RankWorth randomWorth(std::size_t blocks, std::size_t ranks) {
    std::mt19937 random(1);
    std::uniform_real_distribution<double> uniform(0.5, 1.0);
    RankWorth worth(blocks);
    for (auto& block : worth)
        for (auto& group : block) {
            double fall = uniform(random);
            for (std::size_t rank = 0; rank < ranks; ++rank)
                group.push_back(fall *= uniform(random));
        }
    return worth;
}

/// The best plan of one block there is, by trying all.
double bestByTrying(const ModelConfig& config, const RankWorth& worth, std::int64_t bits) {
    const int ranks = static_cast<int>(worth[0][0].size());
    double best = 0.0;
    RankPlan plan(1);
    for (int code = 0; code < (ranks + 1) * (ranks + 1) * (ranks + 1) * (ranks + 1); ++code) {
        int rest = code;
        for (int& rank : plan[0]) {
            rank = rest % (ranks + 1);
            rest /= ranks + 1;
        }
        if (bitsOf(config, plan) <= bits)
            best = std::max(best, worthOf(worth, plan));
    }
    return best;
}

} // namespace

class RankBudgetTest : public QObject {
    Q_OBJECT

private slots:
    /// One rank's price is what one more rank everywhere adds to the ledger.
    void aRankCostsWhatTheLedgerSays() {
        const ModelConfig config = tinyShape(3);
        QuantizeSettings none, one;
        none.rank = 0;
        one.rank = 1;
        const auto bits = [&](const QuantizeSettings& s) {
            return estimateQuantization(config, s, 0, {}).ledger.lowRankBits;
        };
        std::int64_t sum = 0;
        for (const InputGroup& g : groups())
            sum += 3 * bitsOfOneRank(config, g.kind);
        QCOMPARE(bits(one) - bits(none), sum);
    }

    void theBudgetIsFilledAndKept() {
        const ModelConfig config = tinyShape(5);
        const RankWorth worth = randomWorth(5, 100);
        std::int64_t cheapest = bitsOfOneRank(config, GroupKind::attnIn);
        for (const InputGroup& g : groups())
            cheapest = std::min(cheapest, bitsOfOneRank(config, g.kind));
        for (const std::int64_t bits : {std::int64_t{0}, cheapest - 1, cheapest,
                                        std::int64_t{20'000}, std::int64_t{100'000}}) {
            const std::int64_t used = bitsOf(config, spreadRanks(config, worth, bits));
            QVERIFY(used <= bits);
            QVERIFY2(bits - used < cheapest, qPrintable(QString::number(bits)));
        }
        for (const auto& block : spreadRanks(config, worth, 1LL << 40U))
            for (const int rank : block)
                QCOMPARE(rank, mostBudgetRank);
    }

    /// Greedy is the best but for what the last rank leaves over.
    void noOtherSpreadIsWorthMore() {
        const ModelConfig config = tinyShape(1);
        const RankWorth worth = randomWorth(1, 5);
        for (std::int64_t bits = 0; bits < 30'000; bits += 1'777) {
            const RankPlan plan = spreadRanks(config, worth, bits);
            const double best = bestByTrying(config, worth, bits);
            const double greedy = worthOf(worth, plan);
            QVERIFY2(greedy > best - 1.0 && greedy <= best + 1e-12, // 1 = more than any rank's
                     qPrintable(QString("%1: %2 of %3").arg(bits).arg(greedy).arg(best)));
            // Where the budget is just what greedy took, nothing is left over.
            QVERIFY(std::abs(greedy - bestByTrying(config, worth, bitsOf(config, plan))) < 1e-12 ||
                    bitsOf(config, plan) < bits - 384);
        }
    }

    void groupsWithoutWorthGetNothing() {
        const ModelConfig config = tinyShape(2);
        RankWorth worth(2);
        worth[1][2] = {3.0, 2.0};
        const RankPlan plan = spreadRanks(config, worth, 1'000'000);
        QCOMPARE(plan, (RankPlan{{0, 0, 0, 0}, {0, 0, 2, 0}}));
    }

    /// What is left for low rank plus the rest is the budget, over the quantized groups alone.
    void theRestIsSubtracted_data() {
        QTest::addColumn<QString>("kept");
        QTest::newRow("all quantized") << "";
        QTest::newRow("some in float") << "0,attn_out";
    }
    void theRestIsSubtracted() {
        QFETCH(QString, kept);
        const ModelConfig config = tinyShape(3);
        QuantizeSettings s;
        s.rankBudget = 3.25;
        if (!kept.isEmpty())
            s.inFloat.setKept(kept.toStdString());
        const BitsLedger ledger = estimateQuantization(config, s, 0, {}).ledger;
        QCOMPARE(ledger.lowRankBits, lowRankBits(config, s));
        QVERIFY(std::abs(ledger.bitsPerQuantizedWeight() - 3.25) < 1e-4);
    }

    void tooLittleIsSaid() {
        QuantizeSettings s;
        s.rankBudget = 1.01;
        const ModelConfig config = tinyShape(2);
        EXPECT_ERROR(checkRankBudget(config, s), badArgument, "--rank-budget 1.0100 is too little");
        QCOMPARE(lowRankBits(config, s), std::int64_t{0});
        s.rankBudget = 3.0;
        checkRankBudget(config, s);
        s.rankBudget = 0.0;
        checkRankBudget(config, s);
    }

    void plansReadBack() {
        const RankPlan plan{{1, 2, 3, 4}, {0, 64, 0, 5}, {7, 0, 0, 0}};
        QCOMPARE(rankPlanFromJson(toJson(plan), 3, "ranks.json"), plan);
    }

    void damagedPlansAreNamed_data() {
        QTest::addColumn<QString>("text");
        QTest::newRow("no json") << "{";
        QTest::newRow("a list") << "[]";
        QTest::newRow("a group is missing") << R"({"attn_in":[1],"attn_out":[1],"mlp_in":[1]})";
        QTest::newRow("too few") << R"({"attn_in":[],"attn_out":[1],"mlp_in":[1],"mlp_out":[1]})";
        QTest::newRow("negative")
            << R"({"attn_in":[1],"attn_out":[-1],"mlp_in":[1],"mlp_out":[1]})";
        QTest::newRow("huge") << R"({"attn_in":[1],"attn_out":[1],"mlp_in":[65],"mlp_out":[1]})";
    }
    void damagedPlansAreNamed() {
        QFETCH(QString, text);
        EXPECT_ERROR(rankPlanFromJson(text.toStdString(), 1, "ranks.json"), corrupt, "ranks.json");
    }
};

QTEST_GUILESS_MAIN(RankBudgetTest)
#include "rank_budget_test.moc"
