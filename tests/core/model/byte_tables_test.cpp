// SPDX-License-Identifier: GPL-3.0-or-later
//
// Embedding and head of an original in 8 bits: within half a step of what they were, the rest as it
// is.
#include "core/model/byte_tables.h"
#include "in_memory_weights.h"
#include "kernels/half.h"
#include "kernels/operands.h"

#include <QTest>

#include <cmath>

using namespace bwla;
using namespace bwla::test;

class ByteTablesTest : public QObject {
    Q_OBJECT

private slots:
    void tablesAreRounded_data() {
        QTest::addColumn<int>("kind");
        QTest::newRow("f32") << int(WeightKind::f32);
        QTest::newRow("f16") << int(WeightKind::f16);
    }
    void tablesAreRounded() {
        QFETCH(int, kind);
        InMemoryWeights weights;
        weights.shape = tinyConfig(70, false);
        weights.table = randomLinear(static_cast<WeightKind>(kind), 70, 48, 1);
        weights.headTable = randomLinear(static_cast<WeightKind>(kind), 70, 48, 2);
        weights.norm = {1, 2, 3};
        const ByteTables bytes(weights);
        QCOMPARE(bytes.finalNorm(), weights.norm);
        QCOMPARE(bytes.format(), weights.format());
        for (const auto& [got, was] :
             {std::pair{bytes.embedding(), weights.table}, {bytes.head(), weights.headTable}}) {
            QCOMPARE(got.kind, WeightKind::rowInt8);
            QCOMPARE(got.rows, was.rows);
            QCOMPARE(got.scale.size(), std::size_t(was.rows));
            for (std::size_t i = 0; i < got.int8.size(); ++i) {
                const float scale = got.scale[i / 48];
                const float exact = was.f32.empty() ? halfToFloat(was.f16[i]) : was.f32[i];
                QVERIFY(std::abs(scale * float(got.int8[i]) - exact) <= 0.51F * scale);
            }
        }
    }

    void bytesStayAsTheyAre() {
        InMemoryWeights weights;
        weights.shape = tinyConfig();
        weights.table = randomLinear(WeightKind::rowInt8, 70, 48, 1);
        QCOMPARE(ByteTables(weights).embedding().int8, weights.table.int8);
    }
};

QTEST_GUILESS_MAIN(ByteTablesTest)
#include "byte_tables_test.moc"
