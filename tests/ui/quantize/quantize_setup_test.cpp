// SPDX-License-Identifier: GPL-3.0-or-later
//
// The Quantize page before a run: presets, single settings, what they cost and what is refused.
#include "core/quant/measured_quality.h"
#include "core/quant/quantize_command.h"
#include "core/quant/setting_options.h"
#include "quantize_studio.h"
#include "screenshot.h"
#include "ui/quantize/advanced_form.h"
#include "ui/quantize/float_parts_form.h"
#include "ui/quantize/preset_card.h"

#include <QCheckBox>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QRadioButton>
#include <QSpinBox>
#include <QToolButton>

using namespace bwla;
using bwla::test::QuantizeStudio;
namespace fs = std::filesystem;

class QuantizeSetupTest : public QObject {
    Q_OBJECT

private slots:
    void emptyPageSaysWhatToDo() {
        QuantizeStudio studio;
        studio.show();
        studio.bringToFront<ui::QuantizePage>();
        QVERIFY(studio.says("Open a model to quantize it."));
        QVERIFY(!studio.offers("Start quantizing"));
    }

    void presetsByKeyAndCommand() {
        QuantizeStudio studio;
        QVERIFY(studio.open());
        const auto& settings = studio.setup().settings();
        QCOMPARE(settings.preset, std::string("fast"));
        QVERIFY(studio.setup().command().startsWith("bwla quantize "));
        QVERIFY(studio.setup().command().endsWith("--preset fast"));
        QTest::keyClick(studio.window.get(), Qt::Key_4, Qt::AltModifier);
        QCOMPARE(settings.preset, std::string("paper"));
        QVERIFY(studio.setup().command().endsWith("--preset paper"));
        QTest::keyClick(studio.window.get(), Qt::Key_1, Qt::AltModifier);
        QVERIFY(QTest::qWaitFor([&] { return studio.setup().mayStart(); }));
        QVERIFY(studio.says("Output folder is free"));
        QVERIFY(studio.banners().contains("No measurement yet for this size"));
    }

    void changedSettingMakesCustomAndResetUndoesIt() {
        QuantizeStudio studio;
        QVERIFY(studio.open());
        studio.find<QDoubleSpinBox>("Low-rank term")->setValue(3);
        QCOMPARE(studio.setup().settings().rank, 3);
        QVERIFY(studio.setup().command().contains("--rank 3"));
        bool custom = false;
        for (auto* radio : studio.page().findChildren<QRadioButton*>())
            custom |= radio->isChecked() && radio->text() == "Custom, from fast";
        QVERIFY(custom);
        QTest::mouseClick(studio.button("Reset"), Qt::LeftButton);
        QVERIFY(!isCustom(studio.setup().settings()));
        QVERIFY(!studio.setup().command().contains("--rank"));
        studio.find<QDoubleSpinBox>("Ranks by bits")->setValue(1.01);
        QCOMPARE(studio.setup().settings().rankBudget, 1.01);
        QVERIFY(studio.setup().command().contains("--rank-budget 1.01"));
        QVERIFY(!studio.find<QDoubleSpinBox>("Low-rank term")->isEnabled());
        QVERIFY(QTest::qWaitFor([&] { return studio.text().contains("1.0100 is too little"); }));
        studio.find<QDoubleSpinBox>("Ranks by bits")->setValue(2.5);
        QVERIFY(QTest::qWaitFor([&] { return studio.setup().mayStart(); }));
        studio.find<QDoubleSpinBox>("Bits on average")->setValue(5.0);
        QVERIFY(studio.setup().command().contains("--activation-budget 5"));
        QVERIFY(QTest::qWaitFor([&] { return studio.setup().mayStart(); }));
        QTest::mouseClick(studio.button("Reset"), Qt::LeftButton);
        QVERIFY(studio.find<QDoubleSpinBox>("Low-rank term")->isEnabled());
        QCOMPARE(studio.setup().settings().activationBudget, 0.0);
        studio.find<QComboBox>("Calibration")->setCurrentIndex(1);
        QVERIFY(
            QTest::qWaitFor([&] { return studio.text().contains("Calibration text is missing"); }));
        QVERIFY(!studio.button("Start quantizing")->isEnabled());
    }

    /// A new option that nobody gave a field is found here; tests/app holds the list to the command
    /// line's own options.
    void everyOptionHasAField() {
        QStringList known;
        for (const NumberOption& option : numberOptions())
            known << QString::fromUtf8(option.name.data(), qsizetype(option.name.size()));
        for (const std::string_view option : choiceOptions)
            known << QString::fromUtf8(option.data(), qsizetype(option.size()));
        QStringList fields = ui::AdvancedForm().options();
        known.sort();
        fields.sort();
        QCOMPARE(fields, known);
    }

    /// Whatever the command line can say, the form shows, and gives back as it was.
    void formRestoresEverySetting() {
        const ModelConfig config = summarizeModel(QuantizeStudio().model()).config;
        QuantizeSettings s = presetSettings("best", "cuda");
        for (const NumberOption& option : numberOptions())
            option.set(s, option.orZero ? 0.0 : std::min(option.most, 1234.567 + option.least));
        s.rankBudget = 1.2345;
        s.activationBudget = 4.75;
        s.latentRate = 0.00012345678; // more digits than the field has
        s.seed = std::uint64_t{1} << 60;
        s.activationBits = 4;
        s.rotation = RotationKind::hadamard;
        s.oktMode = OktMode::hard;
        s.metric = Metric::plain;
        s.columnScales = false;
        s.rowMeans = true;
        s.clipSearch = false;
        s.oktStart = OktStart::identity;
        s.oktObjective = OktObjective::outputs;
        s.factors = FactorRule::wide;
        s.inFloat.setKept("attn_out,1:mlp_in");
        s.calibration = "a text.txt+self";
        ui::AdvancedForm form;
        form.setSettings(s, config);
        const QuantizeSettings back = form.applyTo(s);
        QCOMPARE(recipeJson(back), recipeJson(s));
        QCOMPARE(quantizeCommand(back), quantizeCommand(s));
        // ... and over settings that know nothing of it, all that the fields show exactly
        s.latentRate = 0.02;
        s.seed = 7;
        form.setSettings(s, config);
        QuantizeSettings fresh = presetSettings("fast");
        fresh.preset = s.preset;
        QCOMPARE(quantizeCommand(form.applyTo(fresh)), quantizeCommand(s));
    }

    void factorsByGroup() {
        QuantizeStudio studio;
        QVERIFY(studio.open());
        const auto& settings = studio.setup().settings();
        auto* rule = studio.find<QComboBox>("Factors");
        auto* groups = studio.find<QLineEdit>("Factors of groups");
        studio.find<QToolButton>("Show advanced settings")->click();
        QVERIFY(!groups->isVisible());
        rule->setCurrentIndex(2);
        QVERIFY(!isCustom(settings)); // until there is something to apply
        const auto enter = [&](const QString& text) {
            groups->setText(text);
            QTest::keyClick(groups, Qt::Key_Return);
        };
        for (const char* wrong : {"attn_in=7x7", "nonsense", "attn_in=2x", "q=2x32"}) {
            enter(wrong);
            QVERIFY2(studio.text().contains("Not applied. --factors"), wrong);
            QVERIFY(!isCustom(settings));
        }
        const auto inputs = studio.setup().model()->config.groupInputs(GroupKind::attnIn);
        enter(QString("attn_in=2x%1").arg(inputs / 2));
        QVERIFY(
            studio.setup().command().contains(QString("--factors attn_in=2x%1").arg(inputs / 2)));
        studio.find<QDoubleSpinBox>("PSP rounds")->setValue(3); // another edit leaves it
        QCOMPARE(groups->text(), QString("attn_in=2x%1").arg(inputs / 2));
        rule->setCurrentIndex(0);
        QVERIFY(!studio.setup().command().contains("--factors"));
    }

    /// As on the command line: without a low-rank term a budget has nothing to fill.
    void noLowRankDropsItsBudget() {
        QuantizeStudio studio;
        QVERIFY(studio.open());
        const auto& settings = studio.setup().settings();
        auto* budget = studio.find<QDoubleSpinBox>("Ranks by bits");
        auto* rounds = studio.find<QDoubleSpinBox>("PSP rounds");
        budget->setValue(2.5);
        QCOMPARE(settings.rankBudget, 2.5);
        const double usual = rounds->value();
        rounds->setValue(0);
        QCOMPARE(settings.rankBudget, 0.0);
        QVERIFY(studio.setup().command().contains("--psp-rounds 0"));
        QVERIFY(!studio.setup().command().contains("--rank-budget"));
        QVERIFY(!budget->isEnabled());
        QVERIFY(!studio.find<QDoubleSpinBox>("Low-rank term")->isEnabled());
        QVERIFY(QTest::qWaitFor([&] { return studio.setup().mayStart(); }));
        rounds->setValue(usual); // and it comes back with the term
        QCOMPARE(settings.rankBudget, 2.5);
        QVERIFY(budget->isEnabled());
    }

    /// A group and a range of blocks by mouse, a single group by text: shown, priced, and refused
    /// where nothing would be left.
    void whatStaysInFloatIsChosenAndPriced() {
        QuantizeStudio studio;
        QVERIFY(studio.open());
        auto* form = studio.page().findChild<ui::FloatPartsForm*>();
        const auto box = [&](const char* group) {
            for (auto* candidate : form->findChildren<QCheckBox*>())
                if (candidate->text() == group)
                    return candidate;
            return static_cast<QCheckBox*>(nullptr);
        };
        const auto says = [&](const QString& words) {
            for (auto* label : form->findChildren<QLabel*>())
                if (!label->isHidden() && label->text().contains(words))
                    return true;
            return false;
        };
        QVERIFY(!studio.setup().command().contains("--keep"));
        box("attn_out")->click();
        QVERIFY(studio.setup().command().contains("--keep attn_out"));
        QVERIFY(says(" bits"));
        auto* single = studio.find<QLineEdit>("Single blocks and groups kept in float");
        single->setText("0:mlp_in");
        QTest::keyClick(single, Qt::Key_Return);
        QVERIFY(studio.setup().command().contains("--keep attn_out,0:mlp_in"));
        const auto& settings = studio.setup().settings();
        studio.find<QSpinBox>("First block to quantize")->setValue(1);
        QVERIFY(studio.setup().command().contains("--layers 1-"));
        QVERIFY(isCustom(settings));

        single->setText("nonsense");
        QTest::keyClick(single, Qt::Key_Return);
        QVERIFY(says("Not applied. --keep: \"nonsense\" is neither a block"));
        QVERIFY(!studio.setup().command().contains("nonsense"));
        single->clear();
        for (const char* group : {"attn_in", "mlp_in", "mlp_out"})
            box(group)->click();
        QVERIFY(says("nothing to quantize"));
        box("mlp_out")->click();
        QVERIFY(!says("nothing to quantize"));
        QVERIFY(studio.setup().command().contains("--keep attn_in,attn_out,mlp_in"));
        saveShot(studio.page(), "quantize-float");
        QTest::mouseClick(studio.button("Reset"), Qt::LeftButton);
        QVERIFY(settings.inFloat == FloatParts());
        QVERIFY(!box("attn_out")->isChecked());
    }

    void fourBitActivationsAreWarnedOf() {
        QuantizeStudio studio;
        QVERIFY(studio.open());
        auto* form = studio.page().findChild<ui::AdvancedForm*>();
        for (auto* button : form->findChildren<QPushButton*>())
            if (button->text() == "4")
                button->click();
        QCOMPARE(studio.setup().settings().activationBits, 4);
        QVERIFY(studio.banners().contains("4-bit activations cost much unless signs are trained"));
        QVERIFY(studio.setup().settings().outputPath.ends_with("-W1A4"));
        auto* refine = studio.find<QComboBox>("Then train");
        refine->setCurrentIndex(refine->count() - 1);
        QCOMPARE(studio.setup().settings().refinement, Refinement::signs);
        QVERIFY(!studio.banners().contains("cost much"));
        QVERIFY(studio.banners().contains("4-bit activations cost little here"));
    }

    /// Whatever a card says of a run elsewhere is true of that run.
    void cardsSayWhereTheirQualityIsFrom_data() {
        QTest::addColumn<QString>("preset");
        QTest::addColumn<QString>("device");
        QTest::addColumn<QString>("said");
        const auto row = [](const char* preset, const char* device, const char* said) {
            QTest::addRow("%s %s", preset, device) << preset << device << said;
        };
        row("fast", "cpu",
            "Perplexity 89.7 instead of 17.1, measured on 2 cores, calibrated with "
            "32,768 tokens, 88 % of them WikiText-2's training text, the others written "
            "by the model, then 1.3 minutes of training.");
        row("balanced", "cpu",
            "Perplexity 55.7 instead of 17.1, measured on 2 cores, calibrated "
            "with 65,536 tokens, 88 % of them WikiText-2's training text, the others "
            "written by the model, then 28.0 minutes of training.");
        row("fast", "cuda", "measured on one H200, calibrated with 65,536 tokens");
        row("balanced", "cuda", "then 2.7 minutes of training.");
        row("best", "cpu",
            "Perplexity 25.6 instead of 17.1, measured on one H200, calibrated "
            "with 65,536 tokens");
        row("best", "cuda", "then 15.4 minutes of training.");
        row("paper", "cpu", "");
    }
    void cardsSayWhereTheirQualityIsFrom() {
        QFETCH(QString, preset);
        QFETCH(QString, device);
        QFETCH(QString, said);
        ui::Theme theme;
        ui::PresetCard card(theme, preset);
        ModelSummary model;
        model.config = measuredModel();
        card.show(model, presetSettings(preset.toStdString(), device.toStdString()), true, false);
        QStringList definitions;
        for (const auto* label : card.findChildren<QLabel*>())
            if (label->toolTip().contains("instead of"))
                definitions << label->toolTip();
        QCOMPARE(definitions.size(), said.isEmpty() ? 0 : 1);
        QVERIFY2(definitions.join("").contains(said), qPrintable(definitions.join("")));
    }

    /// A card shows what the preset is on the chosen device, and choosing it gives that.
    void presetsFollowTheDevice() {
        QuantizeStudio studio;
        QVERIFY(studio.open());
        const auto& settings = studio.setup().settings();
        auto* device = studio.find<QComboBox>("Device");
        device->setCurrentIndex(1);
        QCOMPARE(settings.device, std::string("cuda"));
        QVERIFY(!isCustom(settings));
        QCOMPARE(settings.tokens, std::int64_t{65'536});
        studio.setup().choosePreset(1);
        QCOMPARE(recipeJson(settings), recipeJson(presetSettings("balanced", "cuda")));
        device->setCurrentIndex(0);
        QCOMPARE(recipeJson(settings), recipeJson(presetSettings("balanced")));
        studio.find<QDoubleSpinBox>("Low-rank term")->setValue(3);
        device->setCurrentIndex(1);
        QCOMPARE(settings.rank, 3); // what was set by hand stays, and the rest with it
        QCOMPARE(settings.refinement, Refinement::scales);
        QVERIFY(isCustom(settings));
    }

    void existingFolderIsNotOverwritten() {
        QuantizeStudio studio;
        QVERIFY(studio.open());
        const std::string first = studio.setup().settings().outputPath;
        fs::create_directories(first);
        studio.page().setModel(QString::fromStdString(studio.model().string()));
        QVERIFY(
            QTest::qWaitFor([&] { return studio.setup().settings().outputPath == first + "-2"; }));
    }

    void modelThatCannotBeOpenedIsExplained() {
        QuantizeStudio studio;
        QVERIFY(studio.open());
        studio.page().setModel("/nonexistent");
        QVERIFY(studio.says("Cannot open /nonexistent"));
    }
};

QTEST_MAIN(QuantizeSetupTest)
#include "quantize_setup_test.moc"
