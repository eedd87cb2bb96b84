// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/stats/activation_tails.h"
#include "core/stats/histogram.h"
#include "core/stats/mixture.h"
#include "core/stats/moments.h"

#include <QTest>

#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <random>

using namespace bwla;

namespace {

std::vector<float> bell(std::size_t n, unsigned seed = 1) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> values(n);
    for (float& v : values)
        v = normal(random);
    return values;
}

/// +-1 with Gaussian noise of deviation s.
std::vector<float> twoPeaks(std::size_t n, float s) {
    std::vector<float> values = bell(n, 7);
    for (std::size_t i = 0; i < n; ++i)
        values[i] = (i % 2 == 0 ? 1.0F : -1.0F) + s * values[i];
    return values;
}

bool near(double a, double b, double tolerance) {
    return std::abs(a - b) <= tolerance;
}

} // namespace

/// Every number against a case where it is known.
class StatsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void momentsOfKnownValues() {
        const std::vector<float> v{1.0F, 2.0F, 3.0F, 6.0F};
        QCOMPARE(mean(v), 3.0);
        QCOMPARE(variance(v), 3.5);
        QVERIFY(near(kurtosis(v), (16.0 + 1.0 + 0.0 + 81.0) / 4.0 / 12.25, 1e-12));
        QVERIFY(near(kurtosis(bell(200000)), 3.0, 0.05));
        QVERIFY(near(kurtosis(twoPeaks(1000, 0.0F)), 1.0, 1e-9));
        QCOMPARE(kurtosis(std::vector<float>{2.0F, 2.0F}), 0.0);
        QCOMPARE(mean({}), 0.0);
    }

    void binarisationErrorOfKnownShapes() {
        QVERIFY(near(binarisationError(bell(200000)), 1.0 - 2.0 / std::numbers::pi, 0.005));
        QVERIFY(near(binarisationError(twoPeaks(1000, 0.0F)), 0.0, 1e-12));
        QCOMPARE(binarisationError(std::vector<float>(5, 0.0F)), 0.0);
        QVERIFY(near(binarisationError(std::vector<float>{1.0F, 0.0F}), 0.5, 1e-12));
    }

    void aBellHasOnePeak() { QVERIFY(!fitEqualMixture(bell(5000)).bimodal()); }

    void twoPeaksAreFound() {
        const EqualMixture m = fitEqualMixture(twoPeaks(20000, 0.3F));
        QVERIFY(m.bimodal());
        QVERIFY(near(m.c, 1.0, 0.02));
        QVERIFY(near(m.s, 0.3, 0.02));
        QVERIFY(fitEqualMixture(twoPeaks(100, 0.0F)).bimodal());
    }

    /// c > s is exactly when the density has a dip at 0.
    void bimodalMeansADip() {
        const EqualMixture two{1.0, 0.95}, one{1.0, 1.05};
        QVERIFY(two.density(0.0) < two.density(0.2));
        QVERIFY(one.density(0.0) > one.density(0.2));
        QVERIFY(two.bimodal() && !one.bimodal());
    }

    void mixtureOfNothingIsFinite() {
        QVERIFY(std::isfinite(fitEqualMixture(std::vector<float>(9, 0.0F)).c));
        QCOMPARE(fitEqualMixture({}).c, 0.0);
    }

    void histogramCountsEverything() {
        const std::vector<float> v{-2.0F, -0.9F, 0.0F, 0.1F,
                                   0.99F, 1.0F,  5.0F, std::numeric_limits<float>::quiet_NaN()};
        const Histogram h = histogram(v, -1.0, 1.0, 4);
        QCOMPARE(h.counts, (std::vector<std::int64_t>{2, 0, 2, 3}));
        QCOMPARE(h.binWidth(), 0.5);
        QCOMPARE(h.binCentre(0), -0.75);
        double area = 0.0;
        for (const double d : h.density())
            area += d * h.binWidth();
        QVERIFY(near(area, 1.0, 1e-12));
    }

    void activationTails() {
        QVERIFY(near(peakToRms(std::vector<float>{3.0F, 4.0F}), 4.0 / std::sqrt(12.5), 1e-9));
        QCOMPARE(peakToRms(std::vector<float>(4, 0.0F)), 0.0);
        const std::vector<float> tokens{1.0F, -2.0F, -3.0F, 1.0F};
        QCOMPARE(channelMaxima(tokens, 2), (std::vector<float>{3.0F, 2.0F}));
        QVERIFY(near(meanPeakToRms(tokens, 2), 0.5 * (2.0 / std::sqrt(2.5) + 3.0 / std::sqrt(5.0)),
                     1e-9));
    }
};

QTEST_GUILESS_MAIN(StatsTest)
#include "stats_test.moc"
