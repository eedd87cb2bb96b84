// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/journal/latent_code.h"

#include <QTest>

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

using namespace bwla;

namespace {

/// As the training leaves them: sizes of a normal distribution, cut off at the bound.
std::vector<std::int8_t> latents(int count, double spread) {
    std::mt19937 random(1);
    std::normal_distribution<double> normal(0.0, spread);
    std::vector<std::int8_t> values;
    for (int i = 0; i < count; ++i) {
        const double x = normal(random);
        const double size = std::clamp(std::round(std::abs(x)), 1.0, 127.0);
        values.push_back(static_cast<std::int8_t>(x < 0.0 ? -size : size));
    }
    return values;
}

} // namespace

class LatentCodeTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void signsAreKeptAndSizesNearly_data() {
        QTest::addColumn<int>("count");
        QTest::addColumn<double>("spread");
        QTest::newRow("wide") << 100'001 << 60.0;
        QTest::newRow("narrow") << 100'000 << 8.0;
        QTest::newRow("few") << 3 << 40.0;
    }
    void signsAreKeptAndSizesNearly() {
        QFETCH(int, count);
        QFETCH(double, spread);
        const auto before = latents(count, spread);
        const LatentCode code = encodeLatents(before);
        QCOMPARE(code.halves.size(), (before.size() + 1) / 2);
        const auto after = decodeLatents(code, count);
        double error = 0.0, size = 0.0;
        std::array<int, 8> sizesWere{}, sizesAre{}; // how often, in steps of 16
        for (std::size_t i = 0; i < before.size(); ++i) {
            QCOMPARE(after[i] > 0, before[i] > 0);
            error += std::pow(after[i] - before[i], 2.0);
            size += std::pow(before[i], 2.0);
            ++sizesWere[static_cast<std::size_t>(std::abs(before[i])) / 16];
            ++sizesAre[static_cast<std::size_t>(std::abs(after[i])) / 16];
        }
        QVERIFY2(std::sqrt(error / size) < 0.3, qPrintable(QString::number(error / size)));
        for (std::size_t k = 0; k < sizesAre.size(); ++k)
            QVERIFY(std::abs(sizesAre[k] - sizesWere[k]) <= 0.06 * count);
    }

    /// Eight sizes, each for an eighth: no more is lost than their number asks for.
    void eightSizesAreExact() {
        std::vector<std::int8_t> before;
        for (int i = 0; i < 800; ++i)
            before.push_back(static_cast<std::int8_t>((i % 3 == 0 ? -1 : 1) * (1 + 18 * (i % 8))));
        QCOMPARE(decodeLatents(encodeLatents(before), 800), before);
    }

    void oneSizeAndNothing() {
        const std::vector<std::int8_t> same(7, -127);
        QCOMPARE(decodeLatents(encodeLatents(same), 7), same);
        QVERIFY(encodeLatents({}).halves.empty());
        QVERIFY(decodeLatents(encodeLatents({}), 0).empty());
    }
};

QTEST_GUILESS_MAIN(LatentCodeTest)
#include "latent_code_test.moc"
