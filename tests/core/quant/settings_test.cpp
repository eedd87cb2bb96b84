// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/error.h"
#include "core/error_text.h"
#include "core/quant/quantize_settings.h"

#include <QTest>

using namespace bwla;

namespace {

std::string complaint(const QuantizeSettings& settings) {
    try {
        validate(settings);
    } catch (const Error& error) {
        return sentence(error);
    }
    return {};
}

} // namespace

class SettingsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void presetsExistAndAreValid() {
        for (const std::string_view name : presetNames()) {
            QuantizeSettings s = presetSettings(name);
            s.outputPath = "out";
            QCOMPARE(s.preset, std::string(name));
            QCOMPARE(complaint(s), std::string());
        }
        QVERIFY_EXCEPTION_THROWN((void)presetSettings("magic"), Error);
    }

    void complaintsNameTheOption_data() {
        QTest::addColumn<QString>("option");
        for (const char* option : {"--activation-bits", "--rank", "--okt-rounds", "--psp-rounds",
                                   "--target-mix", "--tokens", "--threads", "--device", "-o"})
            QTest::newRow(option) << option;
    }
    void complaintsNameTheOption() {
        QFETCH(QString, option);
        QuantizeSettings s;
        s.outputPath = "out";
        if (option == "--activation-bits")
            s.activationBits = 5;
        else if (option == "--rank")
            s.rank = 1000;
        else if (option == "--okt-rounds")
            s.oktRounds = -1;
        else if (option == "--psp-rounds")
            s.pspRounds = -2;
        else if (option == "--target-mix")
            s.targetMix = 1.5;
        else if (option == "--tokens")
            s.tokens = 3;
        else if (option == "--threads")
            s.threads = -1;
        else if (option == "--device")
            s.device = "tpu";
        else
            s.outputPath.clear();
        QVERIFY2(QString::fromStdString(complaint(s)).contains(option), complaint(s).c_str());
    }

    void factors_data() {
        QTest::addColumn<bool>("wide");
        QTest::addColumn<int>("inputs");
        QTest::addColumn<int>("outputs");
        QTest::addColumn<int>("m1");
        QTest::newRow("576") << false << 576 << 960 << 24;
        QTest::newRow("1536") << false << 1536 << 576 << 32;
        QTest::newRow("prime") << false << 13 << 13 << 1;
        QTest::newRow("wide q,k,v") << true << 576 << 960 << 4;
        QTest::newRow("wide gate,up") << true << 576 << 3072 << 2;
        QTest::newRow("wide down") << true << 1536 << 576 << 8;
        QTest::newRow("wide o") << true << 576 << 576 << 6;
    }
    void factors() {
        QFETCH(bool, wide);
        QFETCH(int, inputs);
        QFETCH(int, outputs);
        QFETCH(int, m1);
        QuantizeSettings s;
        s.factors = wide ? FactorRule::wide : FactorRule::equal;
        const auto pair = rotationFactors(s, GroupKind::attnIn, inputs, outputs);
        QCOMPARE(pair.first, m1);
        QCOMPARE(pair.first * pair.second, inputs);
    }

    void factorOverridesMustMultiply() {
        QuantizeSettings s;
        s.factorsOverride[static_cast<std::size_t>(GroupKind::mlpOut)] = std::pair{8, 192};
        QCOMPARE(rotationFactors(s, GroupKind::mlpOut, 1536, 576).second, 192);
        QVERIFY_EXCEPTION_THROWN((void)rotationFactors(s, GroupKind::mlpOut, 1000, 576), Error);
    }

    /// Whatever decides the result is in the recipe; what does not is not.
    void recipeHoldsWhatDecides() {
        QuantizeSettings a, b;
        b.threads = 7;
        b.resume = true;
        b.outputPath = "elsewhere";
        QCOMPARE(recipeJson(a), recipeJson(b));
        b.rank = 3;
        QVERIFY(recipeJson(a) != recipeJson(b));
        b = a;
        b.factorsOverride[0] = std::pair{4, 144};
        QVERIFY(recipeJson(a) != recipeJson(b));
    }
};

QTEST_GUILESS_MAIN(SettingsTest)
#include "settings_test.moc"
