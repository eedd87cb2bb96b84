// SPDX-License-Identifier: GPL-3.0-or-later
//
// The Quantize page before a run: presets, single settings, what they cost and what is refused.
#include "core/quant/quantize_command.h"
#include "quantize_studio.h"
#include "screenshot.h"
#include "ui/quantize/advanced_form.h"
#include "ui/quantize/float_parts_form.h"

#include <QCheckBox>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QRadioButton>
#include <QSpinBox>

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
        studio.find<QSpinBox>("Low-rank term")->setValue(3);
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
        QVERIFY(!studio.find<QSpinBox>("Low-rank term")->isEnabled());
        QVERIFY(QTest::qWaitFor([&] { return studio.text().contains("1.0100 is too little"); }));
        studio.find<QDoubleSpinBox>("Ranks by bits")->setValue(2.5);
        QVERIFY(QTest::qWaitFor([&] { return studio.setup().mayStart(); }));
        studio.find<QDoubleSpinBox>("Bits on average")->setValue(5.0);
        QVERIFY(studio.setup().command().contains("--activation-budget 5"));
        QVERIFY(QTest::qWaitFor([&] { return studio.setup().mayStart(); }));
        QTest::mouseClick(studio.button("Reset"), Qt::LeftButton);
        QVERIFY(studio.find<QSpinBox>("Low-rank term")->isEnabled());
        QCOMPARE(studio.setup().settings().activationBudget, 0.0);
        studio.find<QComboBox>("Calibration")->setCurrentIndex(1);
        QVERIFY(
            QTest::qWaitFor([&] { return studio.text().contains("Calibration text is missing"); }));
        QVERIFY(!studio.button("Start quantizing")->isEnabled());
    }

    /// As on the command line: without a low-rank term a budget has nothing to fill.
    void noLowRankDropsItsBudget() {
        QuantizeStudio studio;
        QVERIFY(studio.open());
        const auto& settings = studio.setup().settings();
        auto* budget = studio.find<QDoubleSpinBox>("Ranks by bits");
        auto* rounds = studio.find<QSpinBox>("PSP rounds");
        budget->setValue(2.5);
        QCOMPARE(settings.rankBudget, 2.5);
        const int usual = rounds->value();
        rounds->setValue(0);
        QCOMPARE(settings.rankBudget, 0.0);
        QVERIFY(studio.setup().command().contains("--psp-rounds 0"));
        QVERIFY(!studio.setup().command().contains("--rank-budget"));
        QVERIFY(!budget->isEnabled());
        QVERIFY(!studio.find<QSpinBox>("Low-rank term")->isEnabled());
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
        QVERIFY(studio.banners().contains("4-bit activations usually break"));
        QVERIFY(studio.setup().settings().outputPath.ends_with("-W1A4"));
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
