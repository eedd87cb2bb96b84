// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the window shows as its command line, read by the command line itself, and what the command
// line says before it starts.
#include "app/cli/quantize_forecast.h"
#include "app/cli/quantize_options.h"
#include "core/error.h"
#include "core/quant/quantize_command.h"
#include "core/quant/setting_options.h"

#include <QRegularExpression>
#include <QTest>

#include <algorithm>

using namespace bwla;

namespace {

/// Settings that `bwla` makes of the words, "quantize" left out.
QuantizeSettings parsed(std::vector<std::string> words, int threads) {
    CLI::App app;
    QuantizeOptions options;
    options.addTo(app);
    words.erase(words.begin());
    std::ranges::reverse(words); // CLI11 reads a vector from its end
    app.parse(words);
    return options.settings(threads);
}

} // namespace

class QuantizeCommandTest : public QObject {
    Q_OBJECT

private slots:
    /// core/quant/setting_options.h lists them; the window's form is held to the same list.
    void everyOptionIsListed() {
        CLI::App app;
        QuantizeOptions options;
        options.addTo(app);
        std::vector<std::string> has{"--threads"}; // of every verb
        for (const CLI::Option* option : app.get_options())
            if (const std::string name = option->get_name();
                name != "model" && name != "--help" && name != "--output" && name != "--preset" &&
                name != "--resume")
                has.push_back(name);
        std::vector<std::string> listed(choiceOptions.begin(), choiceOptions.end());
        for (const NumberOption& option : numberOptions())
            listed.emplace_back(option.name);
        std::ranges::sort(has);
        std::ranges::sort(listed);
        QCOMPARE(has, listed);
    }

    /// Both ends of every range are written and read back; what lies beyond is refused.
    void limitsReadBack() {
        for (const NumberOption& option : numberOptions()) {
            if (option.name == "--threads" || option.name == "--seed")
                continue;
            for (const double value :
                 {option.least + (option.aboveLeast ? 0.5 : 0.0), option.most}) {
                QuantizeSettings s = presetSettings("fast");
                s.modelPath = "m";
                s.outputPath = "o";
                option.set(s, value);
                const QuantizeSettings back = parsed(quantizeCommand(s), 0);
                QVERIFY2(option.of(back) == value, option.name.data());
                option.set(s, 2 * option.most + 1);
                QVERIFY_EXCEPTION_THROWN((void)parsed(quantizeCommand(s), 0), Error);
            }
        }
    }

    void everyPresetReadsBack() {
        for (const std::string_view name : presetNames()) {
            QuantizeSettings settings = presetSettings(name);
            settings.modelPath = "a model.gguf";
            settings.outputPath = "out";
            const auto words = quantizeCommand(settings);
            QCOMPARE(words.size(), std::size_t{6}); // nothing differs from the preset
            QVERIFY(!isCustom(settings));
            const QuantizeSettings back = parsed(words, 0);
            QCOMPARE(recipeJson(back), recipeJson(settings));
            QCOMPARE(back.modelPath, settings.modelPath);
            QCOMPARE(back.outputPath, settings.outputPath);
        }
    }

    void everyChangeReadsBack() {
        QuantizeSettings s = presetSettings("balanced");
        s.modelPath = "m";
        s.outputPath = "o";
        s.activationBits = 8;
        s.rotation = RotationKind::hadamard;
        s.oktMode = OktMode::hard;
        s.oktRounds = 7;
        s.factors = FactorRule::wide;
        s.metric = Metric::plain;
        s.targetMix = 0.1;
        s.rank = 3;
        s.pspRounds = 5;
        s.gptqRounds = 1;
        s.flipRounds = 0;
        s.columnScales = false;
        s.rowMeans = true;
        s.clipSearch = false;
        s.oktStart = OktStart::identity;
        s.oktObjective = OktObjective::inputs;
        s.shrinkage = 0.1;
        s.targetShrinkage = 0.02;
        s.refinement = Refinement::signs;
        s.klTokens = 12345;
        s.klMinutes = 1.5;
        s.klStep = 8192;
        s.klWindow = 1024;
        s.reconstructEpochs = 3;
        s.rotationRate = 0.001;
        s.klRate = 2.0;
        s.latentSpread = 0.25;
        s.latentRate = 0.02;
        s.reconstructEpochs = 3;
        s.reconstructTokens = 65536;
        s.reconstructStep = 512;
        s.reconstructRate = 0.05;
        s.rotationRate = 0.004;
        s.klRate = 0.5;
        s.inFloat.setLayers("1-28");
        s.inFloat.setKept("29,attn_out,5:mlp_in,attn_out");
        s.calibration = "text.txt+self";
        s.fileShare = 0.25;
        s.tokens = 4096;
        s.seed = 42;
        s.device = "cuda";
        s.resume = true;
        QVERIFY(isCustom(s));
        const QuantizeSettings back = parsed(quantizeCommand(s), 0);
        QCOMPARE(recipeJson(back), recipeJson(s));
        QCOMPARE(back.calibration, s.calibration);
        QCOMPARE(back.device, s.device);
        QCOMPARE(back.klTokens, s.klTokens);
        QVERIFY(back.resume);
        QCOMPARE(back.inFloat.keptText(), std::string("attn_out,5:mlp_in,29"));
        QCOMPARE(back.inFloat.layersText(), std::string("1-28"));
    }

    void anotherTextIsNoOtherRecipe() {
        QuantizeSettings s = presetSettings("fast");
        s.calibration = "text.txt+self";
        QVERIFY(!isCustom(s));
        s.fileShare = 0.5;
        QVERIFY(isCustom(s));
    }

    void aBudgetStandsForTheRank() {
        QuantizeSettings s = presetSettings("fast");
        s.modelPath = "m";
        s.outputPath = "o";
        s.rankBudget = 1.3;
        s.rank = 3;
        QVERIFY(isCustom(s));
        const QuantizeSettings back = parsed(quantizeCommand(s), 0);
        QCOMPARE(recipeJson(back), recipeJson(s));
        QCOMPARE(back.rankBudget, 1.3);
        s.activationBudget = 4.75;
        QCOMPARE(parsed(quantizeCommand(s), 0).activationBudget, 4.75);
    }

    void singleFactorsReadBack() {
        QuantizeSettings s = presetSettings("fast");
        s.modelPath = "m";
        s.outputPath = "o";
        s.factorsOverride[0] = {4, 144};
        s.factorsOverride[3] = {8, 192};
        const QuantizeSettings back = parsed(quantizeCommand(s), 0);
        QCOMPARE(recipeJson(back), recipeJson(s));
    }

    /// Measured figures stand with where they were measured; unknown ones are left out.
    void forecastNamesWhatIsKnown() {
        const auto forecast = [](const QuantizeSettings& s) {
            return Forecast{estimateQuantization(measuredModel(), s, 98'362'432, {2, true}),
                            similarQuality(measuredModel(), s)};
        };
        const Forecast fast = forecast(presetSettings("fast"));
        const QString said = QString::fromStdString(forecastText(fast));
        const QRegularExpression known(
            R"(^Estimate, from runs of 2 cores: \d to \d min, \d\.\d to \d\.\d GB of memory, )"
            R"(1\.283 bits a weight\. Measured on 2 cores, with 32768 tokens of text, 88 % of it )"
            R"(WikiText-2, and 1\.3 minutes of training: perplexity 89\.7, before 17\.1\.$)");
        QVERIFY2(known.match(said).hasMatch(), qPrintable(said));
        const OrderedJson event = forecastEvent(fast);
        QCOMPARE(event["measured_on"].get<std::string>(), std::string("2 cores"));
        QCOMPARE(event["perplexity"]["after"].get<double>(), 89.71);
        QVERIFY(event["seconds"][0] < event["seconds"][1]);

        QuantizeSettings unknown = presetSettings("best"); // signs on a processor
        unknown.rankBudget = 1.2;
        QVERIFY(forecastText(forecast(unknown)).find("memory") == std::string::npos);
        QVERIFY(forecastText(forecast(unknown)).find("perplexity") == std::string::npos);
        QVERIFY(forecastEvent(forecast(unknown))["peak_rss_bytes"].is_null());
        QVERIFY(forecastEvent(forecast(unknown))["perplexity"].is_null());
        QVERIFY(forecastText(forecast(presetSettings("fast", "cuda")))
                    .starts_with("Estimate, from runs of one H200: "));
    }
};

QTEST_GUILESS_MAIN(QuantizeCommandTest)
#include "quantize_command_test.moc"
