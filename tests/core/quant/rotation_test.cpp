// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/hadamard.h"
#include "core/quant/rotation.h"
#include "expect_error.h"
#include "matrices.h"

#include <QTest>

using namespace bwla;
using namespace bwla::test;

namespace {

/// R1 (x) R2 written out, (m, m).
std::vector<double> kronecker(const KroneckerRotation& r) {
    const auto a = r.r1.toHostF64(), b = r.r2.toHostF64();
    const std::int64_t m1 = r.r1.rows(), m2 = r.r2.rows(), m = m1 * m2;
    std::vector<double> k(static_cast<std::size_t>(m * m));
    for (std::int64_t i1 = 0; i1 < m1; ++i1)
        for (std::int64_t i2 = 0; i2 < m2; ++i2)
            for (std::int64_t j1 = 0; j1 < m1; ++j1)
                for (std::int64_t j2 = 0; j2 < m2; ++j2)
                    k[(i1 * m2 + i2) * m + j1 * m2 + j2] = a[i1 * m1 + j1] * b[i2 * m2 + j2];
    return k;
}

} // namespace

/// Factors of different sizes throughout: 24 x 24 would hide a swap.
class RotationTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void factorsAreOrthogonalAndSeeded() {
        const KroneckerRotation r = randomRotation(32, 48, 7, "cpu", Precision::f64);
        QVERIFY(orthogonalityError(r.r1) < 1e-10);
        QVERIFY(orthogonalityError(r.r2) < 1e-10);
        QCOMPARE(randomRotation(32, 48, 7, "cpu").r1.toHost(),
                 randomRotation(32, 48, 7, "cpu").r1.toHost());
        QVERIFY(randomRotation(32, 48, 8, "cpu").r1.toHost() !=
                randomRotation(32, 48, 7, "cpu").r1.toHost());
    }

    void hadamardRowsAreOrthogonal() {
        for (const int order : {1, 2, 4, 8, 12, 20, 24, 28, 36, 48, 60, 64, 72, 80, 144, 160}) {
            const auto h = hadamardMatrix(order);
            QCOMPARE(h.size(), static_cast<std::size_t>(order * order));
            for (int i = 0; i < order; ++i)
                for (int j = 0; j < order; ++j) {
                    int dot = 0;
                    for (int k = 0; k < order; ++k)
                        dot += h[i * order + k] * h[j * order + k];
                    QVERIFY2(dot == (i == j ? order : 0), qPrintable(QString::number(order)));
                }
        }
        for (const int order : {3, 6, 18, 92, 116}) // 92 exists, but not by these constructions
            QVERIFY(hadamardMatrix(order).empty());
    }
    void hadamardRotationsAreStoredExactly() {
        const KroneckerRotation r = hadamardRotation(24, 48, 3, "cpu", Precision::f64);
        QVERIFY(orthogonalityError(r.r1) < 1e-12);
        QVERIFY(orthogonalityError(r.r2) < 1e-12);
        const Matrix stored = loadFactor(storeFactor(r.r2), "cpu", Precision::f64);
        QVERIFY(relativeDifference(stored.toHostF64(), r.r2.toHostF64()) < 1e-6);
        QVERIFY(hadamardRotation(24, 48, 4, "cpu").r1.toHost() != r.r1.toHost());
        const auto error = errorOf([] { return hadamardRotation(6, 8, 3, "cpu"); });
        QVERIFY(is(error, ErrorCode::badArgument) && names(*error, "6"));
    }

    void rowsEqualTheKroneckerProduct_data() {
        QTest::addColumn<int>("m1");
        QTest::addColumn<int>("m2");
        QTest::newRow("3x4") << 3 << 4;
        QTest::newRow("4x3") << 4 << 3;
        QTest::newRow("1x12") << 1 << 12;
        QTest::newRow("6x8") << 6 << 8;
    }
    void rowsEqualTheKroneckerProduct() {
        QFETCH(int, m1);
        QFETCH(int, m2);
        const KroneckerRotation r = randomRotation(m1, m2, 3, "cpu", Precision::f64);
        const Matrix x = gaussian(5, m1 * m2, 1, false, Precision::f64);
        const auto expected = product(x.toHostF64(), kronecker(r), 5, m1 * m2, m1 * m2);
        QVERIFY(relativeDifference(rotateRows(x, r).toHostF64(), expected) < 1e-12);
    }

    void momentsRotateOnBothSides() {
        const KroneckerRotation r = randomRotation(3, 4, 5, "cpu", Precision::f64);
        const Matrix h = moment(12, 2, Precision::f64);
        const auto k = kronecker(r);
        std::vector<double> transposed(k.size());
        for (std::size_t i = 0; i < 12; ++i)
            for (std::size_t j = 0; j < 12; ++j)
                transposed[i * 12 + j] = k[j * 12 + i];
        const auto expected =
            product(product(transposed, h.toHostF64(), 12, 12, 12), k, 12, 12, 12);
        QVERIFY(relativeDifference(rotateMoment(h, r).toHostF64(), expected) < 1e-6);
    }

    /// W' x' = W x with factors as stored, although rounding made them slightly non-orthogonal.
    void storedFactorsKeepTheProduct_data() {
        QTest::addColumn<int>("m1");
        QTest::addColumn<int>("m2");
        QTest::newRow("32x48") << 32 << 48;
        QTest::newRow("3x4") << 3 << 4;
        QTest::newRow("24x24") << 24 << 24;
    }
    void storedFactorsKeepTheProduct() {
        QFETCH(int, m1);
        QFETCH(int, m2);
        const std::int64_t m = m1 * m2, n = 7;
        const KroneckerRotation learned = randomRotation(m1, m2, 11, "cpu");
        const KroneckerRotation stored{loadFactor(storeFactor(learned.r1), "cpu"),
                                       loadFactor(storeFactor(learned.r2), "cpu")};
        QVERIFY(orthogonalityError(stored.r1) > 1e-6); // rounding did something
        const Matrix w = gaussian(n, m, 1), x = gaussian(4, m, 2);
        const auto transpose = [](const std::vector<double>& v, std::int64_t rows,
                                  std::int64_t cols) {
            std::vector<double> t(v.size());
            for (std::int64_t i = 0; i < rows; ++i)
                for (std::int64_t j = 0; j < cols; ++j)
                    t[j * rows + i] = v[i * cols + j];
            return t;
        };
        const auto expected = product(w.toHostF64(), transpose(x.toHostF64(), 4, m), n, m, 4);
        const auto w2 = rotateRows(w, inverseTranspose(stored)).toHostF64();
        const auto x2 = rotateRows(x, stored).toHostF64();
        QVERIFY(relativeDifference(product(w2, transpose(x2, 4, m), n, m, 4), expected) < 1e-4);
    }
};

QTEST_GUILESS_MAIN(RotationTest)
#include "rotation_test.moc"
