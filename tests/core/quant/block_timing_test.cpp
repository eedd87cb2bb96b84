// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/torch_block_bench.h"

#include <QTest>

using namespace bwla;

class BlockTimingTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void everyStageOfEveryGroup_data() {
        QTest::addColumn<QString>("preset");
        QTest::addColumn<QStringList>("stages");
        QTest::newRow("fast") << "fast" << QStringList{"moments", "target", "rotation", "low rank",
                                                       "fit",     "store",  "clip"};
        QTest::newRow("paper") << "paper" << QStringList{"moments",  "target", "rotation",
                                                         "low rank", "store",  "clip"};
    }
    void everyStageOfEveryGroup() {
        QFETCH(QString, preset);
        QFETCH(QStringList, stages);
        BlockBenchSettings settings;
        settings.width = 48;
        settings.feedForward = 80;
        settings.heads = 6;
        settings.kvHeads = 2;
        settings.headDim = 8;
        settings.quantize = presetSettings(preset.toStdString());
        settings.quantize.tokens = 256;
        QStringList heard, expected;
        double sum = 0.0;
        const BlockBenchResult result = makeTorchBlockBench()->run(
            settings,
            [&](const StageSeconds& s) {
                heard << QString("%1 %2").arg(s.group.c_str(), s.stage.c_str());
                QVERIFY(s.seconds >= 0.0);
                sum += s.seconds;
            },
            {});
        for (const char* group : {"attn_in", "attn_out", "mlp_in", "mlp_out"})
            for (const QString& stage : stages)
                expected << QString("%1 %2").arg(group, stage);
        QCOMPARE(heard, expected);
        QVERIFY(std::abs(sum - result.seconds) < 1e-9);
        QCOMPARE(result.weights, 48 * (48 + 2 * 16) + 48 * 48 + 3 * 48 * 80);
    }
};

QTEST_GUILESS_MAIN(BlockTimingTest)
#include "block_timing_test.moc"
