// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/activation_quantizer.h"
#include "core/quant/input_moments.h"
#include "matrices.h"

#include <QTest>

#include <algorithm>
#include <cfenv>

using namespace bwla;
using namespace bwla::test;

class InputMomentsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void chunksAddUp() {
        const Matrix x = gaussian(20, 6, 1), xh = gaussian(20, 6, 2);
        const auto half = [](const Matrix& m, std::size_t first) {
            const auto v = m.toHost();
            return Matrix::fromHost(10, 6, std::span(v).subspan(first * 60, 60));
        };
        InputMoments whole, parts;
        whole.add(x, xh);
        parts.add(half(x, 0), half(xh, 0));
        parts.add(half(x, 1), half(xh, 1));
        QVERIFY(relativeDifference(parts.h().toHostF64(), whole.h().toHostF64()) < 1e-6);
        QVERIFY(relativeDifference(parts.c().toHostF64(), whole.c().toHostF64()) < 1e-6);
    }

    /// Where both streams are the same, the corrected target is W itself, but for the ridge.
    void equalStreamsChangeNothing() {
        const Matrix x = gaussian(200, 12, 1), w = gaussian(5, 12, 2);
        InputMoments moments;
        moments.add(x, x);
        const Matrix corrected = correctedTarget(w, moments, 1.0, 1e-9);
        QVERIFY(relativeDifference(corrected.toHostF64(), w.toHostF64()) < 1e-5);
    }

    /// Where the prefix only scaled its input, the target scales back.
    void undoesAScaledInput() {
        const Matrix x = gaussian(200, 12, 1), w = gaussian(5, 12, 2);
        auto doubled = x.toHost();
        for (float& v : doubled)
            v *= 2.0F;
        InputMoments moments;
        moments.add(x, Matrix::fromHost(200, 12, doubled));
        auto half = w.toHostF64();
        for (double& v : half)
            v *= 0.5;
        QVERIFY(relativeDifference(correctedTarget(w, moments, 1.0, 1e-9).toHostF64(), half) <
                1e-4);
    }

    void mixZeroIsTheWeightItself() {
        InputMoments moments;
        moments.add(gaussian(9, 12, 3), gaussian(9, 12, 4));
        const Matrix w = gaussian(5, 12, 2);
        QCOMPARE(correctedTarget(w, moments, 0.0, 0.01).toHost(), w.toHost());
    }

    /// The definition of design 2, element by element in plain float.
    void activationStepsFollowTheDefinition_data() {
        QTest::addColumn<int>("bits");
        QTest::addColumn<double>("clip");
        QTest::newRow("A6") << 6 << 1.0;
        QTest::newRow("A6 clipped") << 6 << 0.9;
        QTest::newRow("A4") << 4 << 1.0;
        QTest::newRow("A8") << 8 << 0.95;
    }
    void activationStepsFollowTheDefinition() {
        QFETCH(int, bits);
        QFETCH(double, clip);
        auto values = gaussian(4, 33, 5).toHost();
        std::fill_n(values.begin(), 33, 0.0F); // hi = lo
        for (int j = 33; j < 66; ++j)
            values[j] = std::abs(values[j]); // one-sided
        const auto got = quantizeRows(Matrix::fromHost(4, 33, values), bits, clip).toHost();
        const float levels = static_cast<float>((1 << bits) - 1);
        for (int i = 0; i < 4; ++i) {
            const float* x = values.data() + i * 33;
            const float lo =
                static_cast<float>(clip) * std::min(*std::min_element(x, x + 33), 0.0F);
            const float hi =
                static_cast<float>(clip) * std::max(*std::max_element(x, x + 33), 0.0F);
            const float s = hi == lo ? 1.0F : (hi - lo) / levels;
            const float z = std::nearbyint(-lo / s);
            for (int j = 0; j < 33; ++j) {
                const float q = std::clamp(std::nearbyint(x[j] / s) + z, 0.0F, levels);
                QVERIFY(std::abs(got[i * 33 + j] - s * (q - z)) < 1e-6F);
            }
        }
    }
};

QTEST_GUILESS_MAIN(InputMomentsTest)
#include "input_moments_test.moc"
