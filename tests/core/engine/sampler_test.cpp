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
    void badTemperaturesAreRefused();
};

void SamplerTest::zeroTemperatureTakesTheGreatest() {
    Sampler sampler(0.0, 1);
    QCOMPARE(sampler.next(std::array{-1.0F, 3.0F, 2.0F, 3.0F}), 1); // the lowest id among equals
    QCOMPARE(sampler.next(std::array{notANumber, -5.0F, -infinity}), 1);
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
            sampler.next(std::array{-infinity, 0.0F, notANumber, 0.1F, -infinity});
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
        (void)sampler.next(std::array{notANumber, notANumber});
    }));
    QVERIFY(throwsCode(ErrorCode::numeric, [&] { (void)sampler.next(std::array{-infinity}); }));
    QVERIFY(throwsCode(ErrorCode::numeric, [&] {
        (void)sampler.next(std::array{1.0F, infinity});
    }));
    QVERIFY(throwsCode(ErrorCode::numeric, [&] { (void)sampler.next({}); }));
}

void SamplerTest::badTemperaturesAreRefused() {
    for (const double temperature :
         {-0.1, static_cast<double>(notANumber), static_cast<double>(infinity)})
        QVERIFY(throwsCode(ErrorCode::badArgument, [&] { Sampler(temperature, 0); }));
}

QTEST_GUILESS_MAIN(SamplerTest)
#include "sampler_test.moc"
