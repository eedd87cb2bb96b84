// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/low_rank_fit.h"
#include "matrices.h"
#include "real_layer.h"

#include <QTest>

using namespace bwla;
using namespace bwla::test;

class LowRankFitTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void subspaceIterationFindsTheBestPart() {
        // A matrix of rank 3 plus small noise.
        const auto a = gaussian(40, 3, 1).toHostF64(), b = gaussian(3, 30, 2).toHostF64();
        const auto signal = product(a, b, 40, 3, 30);
        std::vector<float> values(signal.begin(), signal.end());
        const auto noise = gaussian(40, 30, 3).toHost();
        for (std::size_t i = 0; i < values.size(); ++i)
            values[i] += 1e-3F * noise[i];
        const LowRank l = bestLowRank(Matrix::fromHost(40, 30, values), 3, 6);
        QVERIFY(relativeDifference(product(l.a.toHostF64(), l.b.toHostF64(), 40, 3, 30), signal) <
                5e-3);
    }

    void rankIsCappedByTheShape() {
        const LowRank l = bestLowRank(gaussian(5, 12, 1), 9, 4);
        QCOMPARE(l.a.cols(), std::int64_t{5});
        QVERIFY(relativeDifference(product(l.a.toHostF64(), l.b.toHostF64(), 5, 5, 12),
                                   gaussian(5, 12, 1).toHostF64()) < 1e-4);
    }

    void binarisationErrorNeverRises() {
        std::vector<double> values;
        const BinaryFit fit = lowRankFitHard(realGroup(10, GroupKind::attnOut, Precision::f64),
                                             {12, 12, {}}, [&](double v) { values.push_back(v); });
        QCOMPARE(values.size(), std::size_t{12});
        for (std::size_t i = 1; i < values.size(); ++i)
            QVERIFY2(values[i] <= values[i - 1] * (1.0 + 1e-12), qPrintable(QString::number(i)));
        QCOMPARE(fit.lowRankB.rows(), std::int64_t{12});
    }

    /// The paper's form on rows of uneven size, where an unweighted SVD lets the likelihood fall.
    void likelihoodNeverFalls() {
        for (const Matrix& w : {realGroup(10, GroupKind::attnOut, Precision::f64),
                                gaussian(96, 48, 4, true, Precision::f64)}) {
            std::vector<double> values;
            (void)lowRankFitSoft(w, {5, 20, {true, true}}, [&](double v) { values.push_back(v); });
            QCOMPARE(values.size(), std::size_t{20});
            for (std::size_t i = 1; i < values.size(); ++i)
                QVERIFY2(
                    values[i] >= values[i - 1] - 1e-10 * std::abs(values[i]),
                    qPrintable(QString("%1: %2 -> %3").arg(i).arg(values[i - 1]).arg(values[i])));
        }
    }

    void lowRankHelps() {
        const Matrix w = realGroup(10, GroupKind::attnIn);
        const double without = plainError(w, lowRankFitHard(w, {0, 8, {}}));
        const double with = plainError(w, lowRankFitHard(w, {12, 8, {}}));
        QVERIFY2(with < without, qPrintable(QString("%1 %2").arg(without).arg(with)));
    }
};

QTEST_GUILESS_MAIN(LowRankFitTest)
#include "low_rank_fit_test.moc"
