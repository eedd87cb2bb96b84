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
        for (const char* option :
             {"--activation-bits", "--rank", "--okt-rounds", "--psp-rounds", "--target-mix",
              "--tokens", "--threads", "--device", "--kl-tokens", "--kl-minutes", "--latent-spread",
              "--latent-rate", "-o"})
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
        else if (option == "--kl-tokens")
            s.klTokens = -1;
        else if (option == "--kl-minutes")
            s.klMinutes = -0.5;
        else if (option == "--latent-spread")
            s.latentSpread = 0.0;
        else if (option == "--latent-rate")
            s.latentRate = 2.0;
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

    /// The recipes of presets that do not train stay what they were.
    void recipeHoldsTheRefinement() {
        QVERIFY(recipeJson(presetSettings("fast")).find("refinement") == std::string::npos);
        QuantizeSettings a = presetSettings("balanced"), b = a;
        QVERIFY(recipeJson(a).find("scales") != std::string::npos);
        b.klTokens = usualKlTokens(b);
        QCOMPARE(recipeJson(a), recipeJson(b));
        b.klTokens = 1000;
        QVERIFY(recipeJson(a) != recipeJson(b));
        b.klMinutes = 3.0;
        const std::string timed = recipeJson(b);
        b.klTokens = 2000; // minutes decide
        QCOMPARE(recipeJson(b), timed);
        b = a;
        b.latentRate = 0.5; // of signs only
        QCOMPARE(recipeJson(a), recipeJson(b));
        b.refinement = Refinement::signs;
        QVERIFY(recipeJson(b).find("latent_rate") != std::string::npos);
    }

    void guessedSeconds() {
        QuantizeSettings s;
        QCOMPARE(refinementSecondsGuess(s, 1'000'000), 0.0);
        s = presetSettings("balanced");
        s.threads = 2;
        const double usual = refinementSecondsGuess(s, 134'515'008);
        QVERIFY(usual > 20 * 60.0 && usual < 40 * 60.0);
        s.klTokens = usualKlTokens(s) / 2;
        QVERIFY(std::abs(refinementSecondsGuess(s, 134'515'008) - usual / 2) < 1.0);
        s.klMinutes = 4.0;
        QCOMPARE(refinementSecondsGuess(s, 134'515'008), 240.0);
    }
};

QTEST_GUILESS_MAIN(SettingsTest)
#include "settings_test.moc"
