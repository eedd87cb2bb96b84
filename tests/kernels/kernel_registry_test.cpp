// SPDX-License-Identifier: GPL-3.0-or-later
//
// Every kernel this processor can run against its scalar twin, over shapes with every kind of tail.
#include "kernels/kernel_check.h"
#include "kernels/kernel_error.h"
#include "kernels/selftest.h"

#include <QTest>

#include <set>

using namespace bwla;

class KernelRegistryTest : public QObject {
    Q_OBJECT

private slots:
    void kernelsAgreeWithTheirTwins_data() {
        QTest::addColumn<int>("index");
        const CpuFeatures features = detectCpuFeatures();
        int index = 0;
        for (const Kernel& kernel : allKernels()) {
            if (kernel.level != CpuLevel::reference && canRun(kernel, features))
                QTest::addRow("%s %s", levelName(kernel.level).data(), kernel.name.data()) << index;
            ++index;
        }
    }

    void kernelsAgreeWithTheirTwins() {
        QFETCH(int, index);
        const Kernel& kernel = allKernels()[static_cast<std::size_t>(index)];
        std::uint32_t seed = 0;
        for (const CheckShape& shape : std::initializer_list<CheckShape>{{1, 1, 1},
                                                                         {3, 12, 2},
                                                                         {33, 33, 7},
                                                                         {50, 64, 8},
                                                                         {192, 575, 1},
                                                                         {192, 576, 3},
                                                                         {97, 300, 33},
                                                                         {31, 576, 130},
                                                                         {64, 1536, 17},
                                                                         {32, 4099, 1},
                                                                         {95, 4099, 5}})
            for (const int bits : {6, 8, 2}) {
                CheckShape shapeAtBits = shape;
                shapeAtBits.bits = bits;
                shapeAtBits.seed = ++seed;
                const auto check = checkKernel(kernel, shapeAtBits);
                QVERIFY2(check.ok, qPrintable(QString("%1 x %2, %3 tokens, %4 bits: %5")
                                                  .arg(shape.rows)
                                                  .arg(shape.cols)
                                                  .arg(shape.tokens)
                                                  .arg(bits)
                                                  .arg(check.detail.c_str())));
            }
    }

    void everyKernelHasATwinAndATable() {
        for (const Kernel& kernel : allKernels())
            QCOMPARE(scalarTwin(kernel.verb, kernel.kind).body.index(), kernel.body.index());
        const CpuFeatures features = detectCpuFeatures();
        for (const auto level :
             {CpuLevel::reference, CpuLevel::portable, CpuLevel::avx2, CpuLevel::avx512}) {
            const KernelTable table(level, features);
            QCOMPARE(table.chosen().size(), referenceKernels().size());
            const auto& quantized =
                table.get<LinearKernel>(KernelVerb::linearQuantized, WeightKind::binary);
            const auto& floating =
                table.get<LinearKernel>(KernelVerb::linearFloat, WeightKind::binary);
            QCOMPARE(quantized.layout, floating.layout); // both read the same uploaded signs
            for (const Kernel* kernel : table.chosen())
                QVERIFY(kernel->level <= level);
        }
    }

    void aWrongKernelIsCaught() {
        Kernel broken = scalarTwin(KernelVerb::gate, WeightKind::f32);
        broken.body =
            GateKernel{[](const float* gate, const float* up, std::int64_t count, float* out) {
                for (std::int64_t j = 0; j < count; ++j)
                    out[j] = gate[j] * up[j];
            }};
        QVERIFY(!checkKernel(broken, {}).ok);
        broken.body =
            GateKernel{[](const float* gate, const float* up, std::int64_t count, float* out) {
                std::get<GateKernel>(scalarTwin(KernelVerb::gate, WeightKind::f32).body)
                    .run(gate, up, count, out);
                out[count] = 0.0F;
            }};
        const auto check = checkKernel(broken, {});
        QCOMPARE(check.detail, std::string("writes past its output"));
    }

    void selftestNamesEveryKernelOnce() {
        std::set<std::pair<std::string, std::string>> names;
        for (const KernelCheck& check : selftest()) {
            QVERIFY2(check.ok, (check.level + " " + check.kernel + ": " + check.detail).c_str());
            QVERIFY(names.emplace(check.level, check.kernel).second);
        }
    }
};

QTEST_GUILESS_MAIN(KernelRegistryTest)
#include "kernel_registry_test.moc"
