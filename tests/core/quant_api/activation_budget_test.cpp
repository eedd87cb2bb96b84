// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/activation_budget.h"
#include "tiny_model.h"

#include <QTest>

using namespace bwla;

namespace {

ModelConfig twoBlocks() {
    const Json json = test::tinyConfig(test::TinyModel{.layers = 2});
    return llamaConfig(JsonObject(json, "config.json"));
}

/// Losses as rounding gives them: a quarter with each bit more.
std::array<double, 5> rounding(double atFour) {
    return {atFour, atFour / 4, atFour / 16, atFour / 64, atFour / 256};
}

RoundingLoss alike(double atFour) {
    RoundingLoss loss(2);
    for (auto& block : loss)
        block.fill(rounding(atFour));
    return loss;
}

double meanOf(const ModelConfig& config, const ActivationBits& bits) {
    double sum = 0.0, values = 0.0;
    for (std::size_t k = 0; k < groupCount; ++k)
        for (const int each : bits[k]) {
            const auto m = static_cast<double>(config.groupInputs(static_cast<GroupKind>(k)));
            sum += each == 16 ? 0.0 : m * each;
            values += each == 16 ? 0.0 : m;
        }
    return sum / values;
}

} // namespace

class ActivationBudgetTest : public QObject {
    Q_OBJECT

private slots:
    void theEndsAreUniform() {
        const ModelConfig config = twoBlocks();
        const auto all = [](int bits) {
            return ActivationBits{{{bits, bits}, {bits, bits}, {bits, bits}, {bits, bits}}};
        };
        QCOMPARE(spreadActivationBits(config, alike(1.0), 4.0), all(4));
        QCOMPARE(spreadActivationBits(config, alike(1.0), 8.0), all(8));
        // Equal groups: nobody gets 7 while somebody has 5.
        QCOMPARE(spreadActivationBits(config, alike(1.0), 6.0), all(6));
    }

    void theMeanIsWithinTheBudget_data() {
        QTest::addColumn<double>("budget");
        for (const double budget : {4.0, 4.3, 5.0, 5.5, 6.7, 7.9})
            QTest::newRow(qPrintable(QString::number(budget))) << budget;
    }
    void theMeanIsWithinTheBudget() {
        QFETCH(double, budget);
        const ModelConfig config = twoBlocks();
        RoundingLoss loss = alike(1.0);
        for (std::size_t k = 0; k < groupCount; ++k)
            loss[1][k] = rounding(0.1 * static_cast<double>(k + 1));
        const double mean = meanOf(config, spreadActivationBits(config, loss, budget));
        // One step of the widest group, 80 inputs of 448, may be left over.
        QVERIFY2(mean <= budget + 1e-9 && mean > budget - 80.0 / 448,
                 qPrintable(QString::number(mean)));
    }

    void bitsGoWhereTheLossFallsMost() {
        const ModelConfig config = twoBlocks();
        RoundingLoss loss = alike(0.01);
        loss[0][2] = rounding(100.0);
        const ActivationBits bits = spreadActivationBits(config, loss, 4.5);
        QCOMPARE(bits[2][0], 8);
        // What more bits do not help gets none, though there is room for all.
        loss = alike(0.01);
        loss[1][1] = std::array{0.5, 0.5, 0.5, 0.5, 0.5};
        QCOMPARE(spreadActivationBits(config, loss, 8.0)[1], (std::vector{8, 4}));
        // Only 8 helps: the steps over the others are taken at once.
        loss[1][1] = std::array{0.5, 0.5, 0.5, 0.5, 0.0};
        QCOMPARE(spreadActivationBits(config, loss, 8.0)[1], (std::vector{8, 8}));
    }

    void whatStaysInFloatIsNotCounted() {
        const ModelConfig config = twoBlocks();
        RoundingLoss loss = alike(1.0);
        loss[0][3].reset();
        const ActivationBits bits = spreadActivationBits(config, loss, 6.0);
        QCOMPARE(bits[3], (std::vector{16, 6}));
        QCOMPARE(bits[0], (std::vector{6, 6}));
    }
};

QTEST_GUILESS_MAIN(ActivationBudgetTest)
#include "activation_budget_test.moc"
