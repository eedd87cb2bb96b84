// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/bench.h"

#include <QTest>

using namespace bwla;

class BenchTest : public QObject {
    Q_OBJECT

private slots:
    void everyFormatIsTimedAndVerified() {
        KernelBench bench(2);
        QCOMPARE(bench.info().threads, 2);
        for (const BenchFormat format : benchFormats())
            check(bench, {.rows = 200, .cols = 300, .columns = 9, .format = format});
    }

    void coldWeightsRotate() {
        KernelBench bench(1);
        check(bench, {.rows = 4096, .cols = 4096, .format = BenchFormat::q8, .cold = true});
    }

private:
    static void check(KernelBench& bench, BenchCase what) {
        what.seconds = 0;
        const BenchResult result = bench.run(what);
        QVERIFY2(result.verified, benchFormatName(what.format).data());
        QVERIFY(result.us > 0 && result.medianUs > 0 && result.spread >= 0);
        QVERIFY(result.weightBytes >= double(what.rows * what.cols) / 8);
        QCOMPARE(result.gbPerSecond, result.weightBytes * 1e-3 / result.us);
        QCOMPARE(result.roofShare, result.gbPerSecond / bench.roof());
        QVERIFY(!result.variant.empty());
    }
};

QTEST_GUILESS_MAIN(BenchTest)
#include "bench_test.moc"
