// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/kronecker_fit.h"
#include "matrices.h"
#include "real_layer.h"

#include <QTest>

#include <numeric>

using namespace bwla;
using namespace bwla::test;

Q_DECLARE_METATYPE(bwla::GroupKind)

namespace {

constexpr double slack = 1e-10; // relative rounding of sums over a million doubles

/// The largest backward step relative to the value: 0 when monotone.
double worstStep(const std::vector<double>& values, bool rising) {
    double worst = 0.0;
    for (std::size_t i = 1; i < values.size(); ++i) {
        const double gain = rising ? values[i] - values[i - 1] : values[i - 1] - values[i];
        worst = std::max(worst, -gain / std::abs(values[i]));
    }
    return worst;
}

double plainBinarisationError(const Matrix& w) {
    const auto v = w.toHostF64();
    const std::int64_t m = w.cols();
    double error = 0.0, energy = 0.0;
    for (std::int64_t i = 0; i < w.rows(); ++i) {
        double size = 0.0, squares = 0.0;
        for (std::int64_t j = 0; j < m; ++j) {
            size += std::abs(v[i * m + j]);
            squares += v[i * m + j] * v[i * m + j];
        }
        error += squares - size * size / static_cast<double>(m);
        energy += squares;
    }
    return error / energy;
}

/// tr(E H E') of the signs with a scale a row, in the rotated frame.
double outputError(const Matrix& w, const Matrix& h, const KroneckerRotation& r) {
    const std::int64_t m = w.cols();
    std::vector<double> error = rotateRows(w, r).toHostF64();
    for (std::int64_t i = 0; i < w.rows(); ++i) {
        double size = 0.0;
        for (std::int64_t j = 0; j < m; ++j)
            size += std::abs(error[i * m + j]) / static_cast<double>(m);
        for (std::int64_t j = 0; j < m; ++j)
            error[i * m + j] -= std::copysign(size, error[i * m + j]);
    }
    const auto pulled = product(error, rotateMoment(h, r).toHostF64(), w.rows(), m, m);
    return std::inner_product(error.begin(), error.end(), pulled.begin(), 0.0);
}

} // namespace

class KroneckerFitTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void objectiveNeverGetsWorse_data() {
        QTest::addColumn<bwla::GroupKind>("kind");
        QTest::addColumn<int>("m1");
        QTest::addColumn<int>("m2");
        QTest::addColumn<bool>("soft");
        for (const bool soft : {true, false}) {
            const QString mode = soft ? "soft " : "hard ";
            QTest::addRow("%sqkv 24x24", qPrintable(mode)) << GroupKind::attnIn << 24 << 24 << soft;
            QTest::addRow("%sqkv 4x144", qPrintable(mode)) << GroupKind::attnIn << 4 << 144 << soft;
            QTest::addRow("%sdown 32x48", qPrintable(mode))
                << GroupKind::mlpOut << 32 << 48 << soft;
        }
    }
    /// On real layers, in double, before factors are rounded.
    void objectiveNeverGetsWorse() {
        QFETCH(bwla::GroupKind, kind);
        QFETCH(int, m1);
        QFETCH(int, m2);
        QFETCH(bool, soft);
        const Matrix w = realGroup(10, kind, Precision::f64);
        std::vector<double> values;
        const KroneckerRotation r =
            kroneckerFit(w, randomRotation(m1, m2, 1, "cpu", Precision::f64),
                         {soft ? OktMode::soft : OktMode::hard, 3},
                         [&](const KroneckerProgress& p) { values.push_back(p.objective(0)); });
        QCOMPARE(values.size(), std::size_t{7});
        QVERIFY(values.front() != values.back());
        QVERIFY2(worstStep(values, soft) < slack,
                 qPrintable(QString::number(worstStep(values, soft))));
        QVERIFY(orthogonalityError(r.r1) < 1e-5);
        QVERIFY(orthogonalityError(r.r2) < 1e-5);
    }

    /// What was hidden by a random rotation is found again, up to signs and order.
    void findsTwoLevelsThatARotationHid() {
        std::vector<float> levels = gaussian(64, 12, 3).toHost();
        for (float& v : levels)
            v = v > 0 ? 1.0F : -1.0F;
        const Matrix w =
            rotateRows(Matrix::fromHost(64, 12, levels), randomRotation(3, 4, 5, "cpu"));
        double best = 1.0;
        for (unsigned seed = 0; seed < 8; ++seed) {
            const KroneckerRotation r =
                kroneckerFit(w, randomRotation(3, 4, seed, "cpu"), {OktMode::hard, 60});
            best = std::min(best, plainBinarisationError(rotateRows(w, r)));
        }
        QVERIFY2(best < 0.01, qPrintable(QString::number(best)));
    }

    /// Heavy-tailed rows must not collapse to c = 0, where the rotation would stop learning.
    void heavyTailsDoNotCollapse() {
        std::vector<float> values = gaussian(40, 48, 9).toHost();
        for (float& v : values)
            v = v * v * v;
        const Matrix w = Matrix::fromHost(40, 48, values);
        const KroneckerRotation start = randomRotation(6, 8, 1, "cpu");
        const double before = plainBinarisationError(rotateRows(w, start));
        const double after =
            plainBinarisationError(rotateRows(w, kroneckerFit(w, start, {OktMode::soft, 30})));
        QVERIFY2(after < before, qPrintable(QString("%1 %2").arg(before).arg(after)));
    }

    /// Where few directions of the inputs carry nearly all of the error, the fit that knows them
    /// leaves less of it.
    void inTheMetricOfInputsOutputsErrLess() {
        const Matrix w = gaussian(64, 48, 6);
        const Matrix h = moment(48, 8);
        double plain = 0.0, weighted = 0.0;
        for (unsigned seed = 0; seed < 4; ++seed) {
            const KroneckerRotation start = randomRotation(6, 8, seed, "cpu");
            const KroneckerFitSettings settings{OktMode::hard, 20};
            plain += outputError(w, h, kroneckerFit(w, start, settings));
            weighted += outputError(w, h, kroneckerFit(w, start, settings, {}, h));
        }
        QVERIFY2(weighted < 0.95 * plain, qPrintable(QString("%1 %2").arg(plain).arg(weighted)));
    }

    void zeroRoundsKeepTheStart() {
        const Matrix w = gaussian(8, 12, 1);
        const KroneckerRotation start = randomRotation(3, 4, 1, "cpu");
        QCOMPARE(kroneckerFit(w, start, {OktMode::soft, 0}).r1.toHost(), start.r1.toHost());
    }

    void zeroRowsStayFinite() {
        const Matrix w = Matrix::fromHost(4, 12, std::vector<float>(48, 0.0F));
        for (const float v :
             kroneckerFit(w, randomRotation(3, 4, 1, "cpu"), {OktMode::soft, 2}).r1.toHost())
            QVERIFY(std::isfinite(v));
    }
};

QTEST_GUILESS_MAIN(KroneckerFitTest)
#include "kronecker_fit_test.moc"
