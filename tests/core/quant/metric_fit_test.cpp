// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/low_rank_fit.h"
#include "core/quant/metric_fit.h"
#include "core/quant/row_sweeps.h"
#include "core/quant/stored_fit.h"
#include "matrices.h"
#include "real_layer.h"

#include <QTest>

using namespace bwla;
using namespace bwla::test;

namespace {

/// tr(E H E') by plain loops.
double slowF(const Matrix& y, const Matrix& h, const BinaryFit& fit) {
    auto e = y.toHostF64();
    const auto binary = binaryPart(fit).toHostF64(), low = lowRankPart(fit).toHostF64();
    for (std::size_t i = 0; i < e.size(); ++i)
        e[i] -= binary[i] + low[i];
    const auto eh = product(e, h.toHostF64(), y.rows(), y.cols(), y.cols());
    double f = 0.0;
    for (std::size_t i = 0; i < e.size(); ++i)
        f += e[i] * eh[i];
    return f;
}

BinaryFit start(const Matrix& y, int rank, bool means = false) {
    return lowRankFitHard(y, {rank, 2, {true, means}});
}

} // namespace

class MetricFitTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void fNeverRises_data() {
        QTest::addColumn<int>("rank");
        QTest::addColumn<bool>("means");
        QTest::newRow("rank 4") << 4 << false;
        QTest::newRow("no low rank") << 0 << false;
        QTest::newRow("row means") << 3 << true;
    }
    void fNeverRises() {
        QFETCH(int, rank);
        QFETCH(bool, means);
        const Matrix y = gaussian(50, 48, 1, true, Precision::f64),
                     h = moment(48, 2, Precision::f64);
        std::vector<double> values;
        const BinaryFit fit = metricFit(y, h, start(y, rank, means), {.rank = rank},
                                        [&](const std::string&, double f) { values.push_back(f); });
        QVERIFY(values.size() > 10);
        for (std::size_t i = 1; i < values.size(); ++i)
            QVERIFY(values[i] <= values[i - 1]);
        QVERIFY(values.back() < 0.8 * values.front());
        QVERIFY(std::abs(slowF(y, h, fit) / values.back() - 1.0) < 1e-9); // F is what it says
    }

    /// A real layer in double. Its own Gram matrix stands in for the inputs' moment.
    void fNeverRisesOnARealLayer() {
        const Matrix y = realGroup(3, GroupKind::attnOut, Precision::f64);
        const auto w = y.toHostF64();
        std::vector<float> gram(static_cast<std::size_t>(576 * 576), 0.0F);
        for (std::int64_t i = 0; i < 576; ++i)
            for (std::int64_t j = 0; j < 576; ++j) {
                double dot = i == j ? 0.5 : 0.0;
                for (std::int64_t k = 0; k < 576; ++k)
                    dot += w[k * 576 + i] * w[k * 576 + j];
                gram[i * 576 + j] = static_cast<float>(dot);
            }
        const Matrix h = Matrix::fromHost(576, 576, gram, "cpu", Precision::f64);
        std::vector<double> values;
        (void)metricFit(y, h, start(y, 8), {.rank = 8, .gptqRounds = 2, .flipRounds = 2},
                        [&](const std::string&, double f) { values.push_back(f); });
        for (std::size_t i = 1; i < values.size(); ++i)
            QVERIFY(values[i] <= values[i - 1]);
        QVERIFY(values.back() < values.front());
    }

    void flipsAreExact() {
        const Matrix y = gaussian(6, 12, 3, false, Precision::f64),
                     h = moment(12, 4, Precision::f64);
        const MetricState state(y, h, start(y, 0));
        const MetricState flipped = state.withFlips(columnOrder(h), 1);
        QVERIFY(flipped.f() < state.f());
        QVERIFY(std::abs(slowF(y, h, flipped.fit()) / flipped.f() - 1.0) < 1e-9);
        // After enough sweeps no single flip helps any more.
        const MetricState settled = state.withFlips(columnOrder(h), 100);
        QCOMPARE(settled.withFlips(columnOrder(h), 1).f(), settled.f());
        for (const double margin : settled.flipMargins().toHostF64())
            QVERIFY(margin >= 0.0);
    }

    void gptqBeatsPlainSignsInTheMetric() {
        const Matrix y = gaussian(40, 48, 5), h = moment(48, 6);
        const BinaryFit plain = start(y, 0);
        const BinaryFit fitted = metricFit(y, h, plain, {.rank = 0, .flipRounds = 0});
        QVERIFY(metricError(y, h, fitted) < 0.8 * metricError(y, h, plain));
    }

    /// What is stored is what was fitted, but for rounding.
    void storageCostsLittle() {
        const Matrix y = gaussian(50, 48, 7, true), h = moment(48, 8);
        const BinaryFit fit = metricFit(y, h, start(y, 4), {.rank = 4});
        QuantizedGroup group;
        const BinaryFit stored = storeFit(y, h, fit, {30, 20}, {.rank = 4}, group);
        QVERIFY(metricError(y, h, stored) < 1.05 * metricError(y, h, fit));
        QCOMPARE(group.linears.size(), std::size_t{2});
        QCOMPARE(group.linears[1].signs.size(), std::size_t{20 * 2});
        QCOMPARE(group.rank, std::int64_t{4});
        // The stored bytes give the same weights: (a S + A B/b) b.
        const GroupWeights host = toHost(group);
        const auto binary = binaryPart(stored).toHostF64(), low = lowRankPart(stored).toHostF64();
        for (const auto& [linear, first] : {std::pair{0, 0}, std::pair{1, 30}}) {
            const HostLinear& l = host.linears[linear];
            for (std::int64_t i = 0; i < l.rows; ++i)
                for (std::int64_t j = 0; j < 48; ++j) {
                    const bool plus = (l.signs[i * 2 + j / 32] >> (j % 32) & 1U) != 0U;
                    double w = plus ? l.scale[i] : -l.scale[i];
                    for (std::int64_t k = 0; k < 4; ++k)
                        w += l.lowRankA[i * 4 + k] * l.lowRankAScale[k] *
                             static_cast<double>(host.input.lowRankB[k * 48 + j]) *
                             host.input.lowRankBScale[k];
                    w *= host.input.columnScale[j];
                    const std::size_t at = static_cast<std::size_t>((first + i) * 48 + j);
                    QVERIFY(std::abs(w - binary[at] - low[at]) < 1e-5);
                }
        }
    }
};

QTEST_GUILESS_MAIN(MetricFitTest)
#include "metric_fit_test.moc"
