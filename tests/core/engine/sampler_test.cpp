// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/engine/sampler.h"
#include "core/error.h"

#include <QtTest>

#include <array>
#include <cmath>
#include <limits>

using namespace bwla;

namespace {

constexpr float notANumber = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

template<class Call>
bool throwsCode(ErrorCode code, const Call& call) {
    try {
        call();
    } catch (const Error& error) {
        return error.code == code;
    }
    return false;
}

} // namespace

class SamplerTest : public QObject {
    Q_OBJECT

private slots:
    void zeroTemperatureTakesTheGreatest();
    void frequenciesFollowSoftmax();
    void hugeLogitsDoNotOverflow();
    void impossibleTokensAreNeverDrawn();
    void theSeedDecides();
    void nothingToChooseFromIsAnError();
    void badSettingsAreRefused();
    void limitsKeepTheLikeliest_data();
    void limitsKeepTheLikeliest();
    void repeatsArePenalizedOnceWithinTheWindow();
    void equalLogitsKeepTheLowestIds();
};

void SamplerTest::zeroTemperatureTakesTheGreatest() {
    Sampler sampler(0.0, 1);
    QCOMPARE(sampler.next(std::array{-1.0F, 3.0F, 2.0F, 3.0F}), 1); // the lowest id among equals
    QCOMPARE(sampler.next(std::array{-infinity, -5.0F, -infinity}), 1);
}

void SamplerTest::frequenciesFollowSoftmax() {
    static constexpr int draws = 40'000;
    static constexpr double temperature = 0.5;
    const std::array logits{0.0F, 1.0F, 0.5F};
    Sampler sampler(temperature, 7);
    std::array<int, 3> counts{};
    for (int i = 0; i < draws; ++i)
        ++counts[static_cast<std::size_t>(sampler.next(logits))];
    double total = 0.0;
    for (const float logit : logits)
        total += std::exp(logit / temperature);
    for (std::size_t i = 0; i < logits.size(); ++i) {
        const double expected = std::exp(logits[i] / temperature) / total;
        const double deviation = std::sqrt(expected * (1 - expected) / draws);
        QVERIFY(std::abs(static_cast<double>(counts[i]) / draws - expected) < 4 * deviation);
    }
}

void SamplerTest::hugeLogitsDoNotOverflow() {
    Sampler sampler(0.01, 3);
    for (int i = 0; i < 100; ++i)
        QCOMPARE(sampler.next(std::array{3e38F, -3e38F, 0.0F}), 0);
}

void SamplerTest::impossibleTokensAreNeverDrawn() {
    Sampler sampler(100.0, 5);
    for (int i = 0; i < 1000; ++i) {
        const std::int32_t id =
            sampler.next(std::array{-infinity, 0.0F, -infinity, 0.1F, -infinity});
        QVERIFY(id == 1 || id == 3);
    }
}

void SamplerTest::theSeedDecides() {
    const std::vector<float> logits(50, 0.0F);
    Sampler a(1.0, 11);
    Sampler same(1.0, 11);
    Sampler other(1.0, 12);
    int differences = 0;
    for (int i = 0; i < 100; ++i) {
        const std::int32_t id = a.next(logits);
        QCOMPARE(same.next(logits), id);
        differences += other.next(logits) != id ? 1 : 0;
    }
    QVERIFY(differences > 50);
}

void SamplerTest::nothingToChooseFromIsAnError() {
    Sampler sampler(1.0, 0);
    QVERIFY(throwsCode(ErrorCode::numeric, [&] {
        (void)sampler.next(std::array{1.0F, notANumber}); // an engine gone wrong, not a choice
    }));
    QVERIFY(throwsCode(ErrorCode::numeric, [&] { (void)sampler.next(std::array{-infinity}); }));
    QVERIFY(throwsCode(ErrorCode::numeric, [&] {
        (void)sampler.next(std::array{1.0F, infinity});
    }));
    QVERIFY(throwsCode(ErrorCode::numeric, [&] { (void)sampler.next({}); }));
}

void SamplerTest::badSettingsAreRefused() {
    const auto refused = [](const SamplerSettings& settings) {
        return throwsCode(ErrorCode::badArgument, [&] { Sampler{settings}; });
    };
    for (const double temperature :
         {-0.1, static_cast<double>(notANumber), static_cast<double>(infinity)})
        QVERIFY(refused({.temperature = temperature}));
    QVERIFY(refused({.topK = -1}));
    QVERIFY(refused({.topP = 0.0}));
    QVERIFY(refused({.topP = 1.1}));
    QVERIFY(refused({.minP = 1.0}));
    QVERIFY(refused({.repeatPenalty = 0.0}));
    QVERIFY(refused({.repeatWindow = -1}));
}

void SamplerTest::limitsKeepTheLikeliest_data() {
    QTest::addColumn<qlonglong>("topK");
    QTest::addColumn<double>("topP");
    QTest::addColumn<double>("minP");
    QTest::addColumn<QSet<int>>("drawn");
    using Ids = QSet<int>;
    // probabilities .4, .3, .2, .1 for the tokens 2, 0, 3, 1
    QTest::newRow("none") << qlonglong{0} << 1.0 << 0.0 << Ids{0, 1, 2, 3};
    QTest::newRow("top-k") << qlonglong{2} << 1.0 << 0.0 << Ids{2, 0};
    QTest::newRow("top-k beyond the vocabulary") << qlonglong{9} << 1.0 << 0.0 << Ids{0, 1, 2, 3};
    QTest::newRow("top-k of one") << qlonglong{1} << 1.0 << 0.0 << Ids{2};
    QTest::newRow("top-p reached by two") << qlonglong{0} << 0.69 << 0.0 << Ids{2, 0};
    QTest::newRow("top-p needs a third") << qlonglong{0} << 0.71 << 0.0 << Ids{2, 0, 3};
    QTest::newRow("tiny top-p keeps one") << qlonglong{0} << 1e-9 << 0.0 << Ids{2};
    QTest::newRow("top-p of what top-k left") << qlonglong{2} << 0.6 << 0.0 << Ids{2, 0};
    QTest::newRow("min-p") << qlonglong{0} << 1.0 << 0.6 << Ids{2, 0};
    QTest::newRow("min-p of all") << qlonglong{0} << 1.0 << 0.2 << Ids{0, 1, 2, 3};
    QTest::newRow("all three") << qlonglong{3} << 0.8 << 0.45 << Ids{2, 0, 3};
}

void SamplerTest::limitsKeepTheLikeliest() {
    QFETCH(qlonglong, topK);
    QFETCH(double, topP);
    QFETCH(double, minP);
    QFETCH(QSet<int>, drawn);
    const std::array logits{std::log(0.3F), std::log(0.1F), std::log(0.4F), std::log(0.2F)};
    // the temperature flattens what is left, not what the limits look at
    Sampler sampler({.temperature = 10.0, .topK = topK, .topP = topP, .minP = minP, .seed = 2});
    QSet<int> seen;
    for (int i = 0; i < 500; ++i)
        seen.insert(sampler.next(logits));
    QCOMPARE(seen, drawn);
}

void SamplerTest::repeatsArePenalizedOnceWithinTheWindow() {
    const std::array logits{4.0F, 3.0F, -1.0F, -1.5F};
    const std::array<std::int32_t, 5> history{1, 0, 0, 0, 99}; // 99: a token of another model
    Sampler mild({.temperature = 0, .repeatPenalty = 1.2, .repeatWindow = 4});
    QCOMPARE(mild.sample(logits, history), 0); // 4 / 1.2 > 3: three repeats count once
    Sampler strong({.temperature = 0, .repeatPenalty = 1.5, .repeatWindow = 4});
    QCOMPARE(strong.sample(logits, history), 1); // token 1 is out of the window
    Sampler wide({.temperature = 0, .repeatPenalty = 1.5, .repeatWindow = 5});
    QCOMPARE(wide.sample(logits, history), 0);
    const std::array negative{-1.0F, -1.5F};
    Sampler sampler({.temperature = 0, .repeatPenalty = 2.0});
    QCOMPARE(sampler.sample(negative, std::array<std::int32_t, 1>{0}), 1); // -1 becomes -2
}

/// Of equal logits top-k keeps the lowest ids, whatever the library's partial sort does.
void SamplerTest::equalLogitsKeepTheLowestIds() {
    const std::vector<float> logits(1000, 0.5F);
    Sampler byCount({.temperature = 1.0, .topK = 3, .seed = 4});
    Sampler byMass({.temperature = 1.0, .topP = 0.0025, .seed = 5});
    for (int i = 0; i < 200; ++i) {
        QVERIFY(byCount.next(logits) < 3);
        QVERIFY(byMass.next(logits) < 3);
    }
}

QTEST_GUILESS_MAIN(SamplerTest)
#include "sampler_test.moc"
