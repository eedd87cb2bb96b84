// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/stats/activation_tails.h"
#include "core/stats/histogram.h"
#include "core/stats/mixture.h"
#include "core/stats/moments.h"

#include <QTest>

#include <cmath>
#include <numbers>
#include <random>
#include <vector>

using namespace bwla;

namespace {

constexpr std::size_t many = 200'000;

/// +-level with normal noise, the same at every run.
std::vector<float> noisySigns(std::size_t count, float level, float noise, unsigned seed = 1) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<float> values(count);
    for (float& value : values)
        value = ((random() & 1U) != 0 ? level : -level) + noise * normal(random);
    return values;
}

std::vector<float> bell(std::size_t count, unsigned seed = 1) {
    return noisySigns(count, 0.0F, 1.0F, seed);
}

/// Double-exponential values: kurtosis 6.
std::vector<float> heavyTails(std::size_t count) {
    std::mt19937 random(3);
    std::exponential_distribution<float> size;
    std::vector<float> values(count);
    for (float& value : values)
        value = (random() & 1U) != 0 ? size(random) : -size(random);
    return values;
}

bool near(double found, double wanted, double tolerance) {
    if (std::abs(found - wanted) <= tolerance)
        return true;
    qWarning("%g is not within %g of %g", found, tolerance, wanted);
    return false;
}

} // namespace

class StatsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void momentsOfSmallKnownSets() {
        const Moments m = moments(std::vector<float>{1, 2, 3, 4});
        QCOMPARE(m.mean, 2.5);
        QCOMPARE(m.variance, 1.25);
        QCOMPARE(m.kurtosis, (2 * 1.5 * 1.5 * 1.5 * 1.5 + 2 * 0.0625) / 4 / (1.25 * 1.25));
        const Moments equal = moments(std::vector<float>{7, 7, 7});
        QCOMPARE(equal.variance, 0.0);
        QCOMPARE(equal.kurtosis, 0.0);
        QCOMPARE(moments({}).mean, 0.0);
    }

    void kurtosisIsThreeForABellAndOneForTwoPoints() {
        QVERIFY(near(moments(bell(many)).kurtosis, 3.0, 0.05));
        QVERIFY(near(moments(noisySigns(many, 1.0F, 0.0F)).kurtosis, 1.0, 1e-3));
        QVERIFY(near(moments(heavyTails(many)).kurtosis, 6.0, 0.4));
    }

    void momentsFarFromZeroDoNotCancel() {
        std::vector<float> values = bell(many);
        for (float& value : values)
            value = std::round(value * 4.0F) + 1e6F; // steps of 1 are exact there
        const double variance = moments(values).variance;
        for (float& value : values)
            value -= 1e6F;
        QVERIFY(near(variance, moments(values).variance, 1e-6));
    }

    void binarisationErrorOfKnownRows() {
        QCOMPARE(binarisationError(std::vector<float>{2, -2, 2}, 2.0), 0.0);
        QCOMPARE(binarisationError(std::vector<float>{3, -1}, 2.0), 2.0 / 10.0);
        QCOMPARE(binarisationError(std::vector<float>{0, 0}, 0.0), 0.0);
        QCOMPARE(binaryLevel(std::vector<float>{3, -1}), 2.0);
        // a bell: E|w| = sqrt(2/pi)
        const auto row = bell(many);
        QVERIFY(near(binarisationError(row, binaryLevel(row)), 1.0 - 2.0 / std::numbers::pi, 3e-3));
        // its own level is the best one
        QVERIFY(binarisationError(row, binaryLevel(row)) <
                binarisationError(row, 1.01 * binaryLevel(row)));
        QVERIFY(binarisationError(row, binaryLevel(row)) <
                binarisationError(row, 0.99 * binaryLevel(row)));
    }

    void matrixErrorIsTheMeanOfItsRows() {
        const std::vector<float> rows{3, -1, 2, -2}; // 2 x 2: errors 0.2 and 0
        QCOMPARE(meanBinarisationError(rows, 2), 0.1);
    }

    void relativeErrorCountsAgainstTheTrueValues() {
        QCOMPARE(relativeError(std::vector<float>{3, 4}, std::vector<float>{3, 3}), 1.0 / 25.0);
        QCOMPARE(relativeError(std::vector<float>{0}, std::vector<float>{0}), 0.0);
        QVERIFY(std::isinf(relativeError(std::vector<float>{0}, std::vector<float>{1})));
    }

    void mixtureFindsTheLevelsItWasMadeWith() {
        for (const float noise : {0.3F, 0.6F, 0.9F}) {
            const EqualMixture m = fitEqualMixture(noisySigns(many, 1.0F, noise));
            QVERIFY(near(m.c, 1.0, 0.02));
            QVERIFY(near(m.s, noise, 0.02));
            QVERIFY(m.bimodal());
        }
        const EqualMixture wide = fitEqualMixture(noisySigns(many, 1.0F, 1.2F));
        QVERIFY(near(wide.c, 1.0, 0.05));
        QVERIFY(!wide.bimodal());
    }

    void bellsAndHeavyTailsAreNotBimodal() {
        QVERIFY(!fitEqualMixture(bell(many)).bimodal());
        const EqualMixture heavy = fitEqualMixture(heavyTails(many));
        QVERIFY(!heavy.bimodal());
        // the collapse that bounds on s / c prevent in OKT; its last stretch is slow
        QVERIFY(near(heavy.c, 0.0, 0.05));
    }

    void twoExactPointsAreBimodal() {
        const EqualMixture m = fitEqualMixture(noisySigns(576, 2.0F, 0.0F));
        QVERIFY(near(m.c, 2.0, 1e-6));
        QVERIFY(near(m.s, 0.0, 1e-3));
        QVERIFY(m.bimodal());
    }

    void mixtureFollowsTheScaleOfTheRow() {
        auto row = noisySigns(4096, 1.0F, 0.5F);
        const EqualMixture one = fitEqualMixture(row);
        for (float& value : row)
            value *= 1e-4F;
        const EqualMixture small = fitEqualMixture(row);
        QVERIFY(near(small.c / one.c, 1e-4, 1e-8));
        QCOMPARE(fitEqualMixture(std::vector<float>(8, 0.0F)).c, 0.0);
        QVERIFY(!fitEqualMixture({}).bimodal());
    }

    /// Leaping must end where hundreds of plain rounds of EM end.
    void fitEqualsPlainEm() {
        for (const float noise : {0.25F, 0.8F, 1.0F, 1.1F}) {
            const auto row = noisySigns(1536, 1.0F, noise, 9);
            double square = 0.0;
            for (const float w : row)
                square += double{w} * w / static_cast<double>(row.size());
            double c = binaryLevel(row);
            for (int round = 0; round < 3000; ++round) {
                double next = 0.0;
                for (const float w : row)
                    next += std::tanh(c * w / (square - c * c)) * w;
                c = next / static_cast<double>(row.size());
            }
            QVERIFY(near(fitEqualMixture(row).c, c, 2e-3));
        }
    }

    void bimodalShareCountsRows() {
        std::vector<float> rows = bell(1536, 5);
        const auto two = noisySigns(1536, 1.0F, 0.3F);
        rows.insert(rows.end(), two.begin(), two.end());
        rows.insert(rows.end(), two.begin(), two.end());
        QCOMPARE(bimodalShare(rows, 1536), 2.0 / 3.0);
        QCOMPARE(bimodalShare({}, 5), 0.0);
    }

    void histogramCountsEveryValueOnce() {
        const std::vector<float> values{-2, -1, -0.99F, 0, 0.5F, 1, 3, NAN};
        const Histogram h = histogram(values, -1.0, 1.0, 4);
        QCOMPARE(h.counts, (std::vector<std::int64_t>{2, 0, 1, 2}));
        QCOMPARE(h.below, std::int64_t{1});
        QCOMPARE(h.above, std::int64_t{1});
        QCOMPARE(h.invalid, std::int64_t{1});
        QCOMPARE(h.total(), std::int64_t{7});
        QCOMPARE(h.binWidth(), 0.5);
        QCOMPARE(h.centre(0), -0.75);
        QCOMPARE(h.density(0), 2.0 / 7.0 / 0.5);
        QCOMPARE(histogram(values, -1.0, 1.0).counts.size(), std::size_t{64});
    }

    void histogramOfABellIsTheBell() {
        const Histogram h = histogram(bell(many), -4.0, 4.0);
        for (int bin = 0; bin < histogramBins; ++bin) {
            const double x = h.centre(bin);
            const double density = std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi);
            QVERIFY(near(h.density(bin), density, 0.012));
        }
    }

    void tailsOfKnownActivations() {
        QCOMPARE(peakToRms(std::vector<float>{1, -1, 1, 1}), 1.0);
        QCOMPARE(peakToRms(std::vector<float>{0, -5, 0, 0}), 2.0);
        QCOMPARE(peakToRms(std::vector<float>{0, 0}), 0.0);
        QCOMPARE(peakToRms({}), 0.0);

        const std::vector<float> tokens{1, -1, 1, 1, 0, -5, 0, 0, 1, 1, -1, 0}; // 3 x 4
        QVERIFY(near(meanPeakToRms(tokens, 4), (1 + 2 + 1 / std::sqrt(0.75)) / 3, 1e-12));
        QCOMPARE(channelMaxima(tokens, 4), (std::vector<float>{1, 5, 1, 1}));
        const auto tails = channelPeakToRms(tokens, 4);
        QVERIFY(near(tails[0], 1 / std::sqrt(2.0 / 3), 1e-6));
        QVERIFY(near(tails[1], 5 / std::sqrt(27.0 / 3), 1e-6));
        QCOMPARE(channelPeakToRms(std::vector<float>{0, 1, 0, 1}, 2), (std::vector<float>{0, 1}));
        QCOMPARE(meanPeakToRms({}, 4), 0.0);
    }

    void densityHasTwoPeaksExactlyWhereItSaysSo() {
        for (const EqualMixture m : {EqualMixture{1.0, 0.7}, EqualMixture{1.0, 1.05}}) {
            const bool dip = m.density(0.0) < m.density(0.05); // a minimum between two peaks
            QCOMPARE(dip, m.bimodal());
        }
    }
};

QTEST_GUILESS_MAIN(StatsTest)
#include "stats_test.moc"
