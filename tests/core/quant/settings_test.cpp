// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/error.h"
#include "core/error_text.h"
#include "core/quant/quantize_settings.h"
#include "core/quant/recipe.h"
#include "core/quant/run_identity.h"

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

/// A recipe of a time when it had no such key.
std::string without(std::string recipe, const std::string& part) {
    const std::size_t at = recipe.find(part);
    return at == std::string::npos ? "" : recipe.erase(at, part.size());
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
              "--rank-budget", "--activation-budget", "--tokens", "--threads", "--device",
              "--kl-tokens", "--kl-step", "--kl-minutes", "--latent-spread", "--latent-rate", "-o"})
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
        else if (option == "--activation-budget")
            s.activationBudget = 3.0;
        else if (option == "--rank-budget")
            s.rankBudget = 0.9;
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
        else if (option == "--kl-step")
            s.klStep = -1;
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
        b.rankBudget = 1.25;
        QVERIFY(recipeJson(a) != recipeJson(b));
        a.rankBudget = b.rankBudget;
        b.rank = 3; // which a budget does not read
        QCOMPARE(recipeJson(a), recipeJson(b));
        a = b = QuantizeSettings();
        b.factorsOverride[0] = std::pair{4, 144};
        QVERIFY(recipeJson(a) != recipeJson(b));
    }

    /// The recipes of presets that do not train stay what they were.
    void recipeHoldsTheRefinement() {
        QVERIFY(recipeJson(QuantizeSettings()).find("refinement") == std::string::npos);
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

    /// A recipe as 0.1.0 wrote it, and as a version before it would have: less keys.
    void olderRecipesAreTheSame() {
        const std::string first =
            R"({"activation_bits":6,"clip_search":true,"column_scales":true,"factors":"equal",)"
            R"("factors_override":{},"flip_rounds":4,"gptq_rounds":3,"metric":"h","okt":"soft",)"
            R"("okt_rounds":20,"okt_start":"random","psp_rounds":8,"rank":12,"rotation":"okt",)"
            R"("row_means":false,"seed":0,"shrinkage":0.05,"target_mix":0.5,)"
            R"("target_shrinkage":0.01,"tokens":16384})";
        const std::string older =
            R"({"activation_bits":6,"metric":"h","okt":"soft","okt_rounds":20,"rank":12,)"
            R"("rotation":"okt","seed":0,"tokens":16384})";
        QuantizeSettings s;
        QCOMPARE(recipeJson(s), first);
        QVERIFY(sameRecipe(first, first));
        QVERIFY(sameRecipe(older, first));
        s.oktRounds = 21;
        QVERIFY(!sameRecipe(first, recipeJson(s)));
        QVERIFY(!sameRecipe(older, recipeJson(s)));
        s = {};
        s.rowMeans = true; // which no version without the key used
        QVERIFY(!sameRecipe(older, recipeJson(s)));
        s = {};
        s.inFloat.setLayers("0-3");
        QVERIFY(!sameRecipe(first, recipeJson(s)));
        s = presetSettings("best");
        const std::string best = recipeJson(s);
        QVERIFY(!sameRecipe(first, best));
        const std::string lacking = without(best, R"("latent_rate":0.01,)");
        QVERIFY(lacking != best && sameRecipe(lacking, best));
        QVERIFY(!sameRecipe(best, lacking)); // a key that is not known any more
        for (const char* broken : {"", "[]", "null", "{"})
            QVERIFY(!sameRecipe(broken, first));
    }

    /// Of the same model and calibration, and unchanged: the hash of the older recipe itself tells.
    void olderRunsAreTheSame() {
        const std::string now = recipeJson({});
        const std::string older = without(now, R"("clip_search":true,)");
        const RunIdentity run(now, "model", "self"), then(older, "model", "self");
        QVERIFY(run.covers(now, run.hash()));
        QVERIFY(run.hash() != then.hash());
        QVERIFY(run.covers(older, then.hash()));
        QVERIFY(!run.covers(older, RunIdentity(older, "other model", "self").hash()));
        QVERIFY(!run.covers(older, RunIdentity(older, "model", "text").hash()));
        QVERIFY(!run.covers(now, then.hash())); // the recipe was edited
    }

    void balancedTrainsSignsOnAGpu() {
        QCOMPARE(presetSettings("balanced").refinement, Refinement::scales);
        const QuantizeSettings gpu = presetSettings("balanced", "cuda");
        QCOMPARE(gpu.refinement, Refinement::signs);
        const double seconds = refinementSecondsGuess(gpu, 134'515'008);
        QVERIFY(seconds > 150.0 && seconds < 200.0);
        QVERIFY(refinementSecondsGuess(presetSettings("best", "cuda"), 134'515'008) > 4 * seconds);
    }

    /// docs/quality.md measured the presets of a GPU with as many.
    void presetsOfAGpuCalibrateOnMore() {
        for (const char* preset : {"fast", "balanced", "best"})
            QCOMPARE(presetSettings(preset, "cuda").tokens, std::int64_t{65'536});
        QCOMPARE(presetSettings("fast").tokens, std::int64_t{32'768});
        QCOMPARE(presetSettings("balanced").tokens, std::int64_t{65'536});
        for (const char* device : {"cpu", "cuda"})
            QCOMPARE(presetSettings("paper", device).tokens, std::int64_t{16'384});
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
