// SPDX-License-Identifier: GPL-3.0-or-later
//
// The Quantize page while it runs and after: what it shows, pause, stop, failure, resume.
#include "accessible_names.h"
#include "core/store/run_store.h"
#include "cut_widgets.h"
#include "quantize_studio.h"
#include "screenshot.h"
#include "tab_order.h"
#include "ui/quantize/block_map.h"
#include "ui/quantize/live_fit.h"
#include "ui/quantize/run_view.h"
#include "ui/widgets/plot.h"

#include <QSignalSpy>
#include <QTableWidget>
#include <QToolButton>

using namespace bwla;
using bwla::test::QuantizeStudio;
namespace fs = std::filesystem;

class QuantizeTest : public QObject {
    Q_OBJECT

private slots:
    void runShowsWhatItDoesAndEndsWithTheResult() {
        QuantizeStudio studio;
        QVERIFY(studio.open());
        QSignalSpy jobs(&studio.page(), &ui::Page::jobChanged);
        QTest::mouseClick(studio.button("Start quantizing"), Qt::LeftButton);
        QVERIFY(studio.page().running());
        studio.script->blocks.release(1);
        QVERIFY(studio.says("Blocks saved: 1"));
        QVERIFY(studio.says("1 min 5 s left ± 5 s"));
        auto* map = studio.page().findChild<ui::BlockMap*>();
        QCOMPARE(map->reports().size(), std::size_t{1});
        const auto plots = studio.page().run().findChildren<ui::Plot*>();
        bool turned = false;
        for (const ui::Plot* plot : plots)
            for (const ui::PlotSeries& series : plot->data().series)
                turned |=
                    series.series == ui::Series::afterOkt && series.shape == ui::PlotShape::steps;
        QVERIFY(turned);
        QTest::qWait(qEnvironmentVariableIsEmpty("BWLA_SHOTS") ? 0 : 400); // the morph ends
        saveShot(*studio.window, "quantize-running-dark");

        QVERIFY(studio.text().contains("channel 0"));
        QTest::keyClick(&studio.page().run(), Qt::Key_PageDown);
        QVERIFY(studio.text().contains("channel 480"));

        studio.script->blocks.release(1);
        QVERIFY(studio.says("Done in 4 min 32 s", 10000));
        QVERIFY(!studio.page().running());
        QVERIFY(!jobs.isEmpty());
        auto* worst = studio.find<QTableWidget>("Worst three layers");
        QCOMPARE(worst->rowCount(), 3);
        QCOMPARE(worst->item(0, 0)->text(), QString("block 1, mlp_out"));
        QVERIFY(studio.says("Windows of 256 tokens", 20000));
        saveShot(*studio.window, "quantize-done-dark");

        RunStore runs(studio.store);
        const auto run = runs.findByOutput(studio.setup().settings().outputPath);
        QVERIFY(run.has_value());
        QCOMPARE(run->state, RunState::finished);
        QCOMPARE(runs.blocks(run->id).size(), std::size_t{2});
        QVERIFY(runs.rounds(run->id, 0, GroupKind::attnIn).has_value());
        QVERIFY(run->quality.find("quick-256") != std::string::npos);

        QSignalSpy chat(&studio.page(), &ui::Page::chatRequested);
        QTest::mouseClick(studio.button("Chat"), Qt::LeftButton);
        QCOMPARE(chat[0][0].toString(), QString::fromStdString(studio.model().string()));
        QCOMPARE(chat[0][1].toString().toStdString(), run->outPath);
    }

    /// The divergence on text kept apart is drawn beside that on the text which trains: where the
    /// two part, text is being learnt by heart.
    void trainingDrawsTextKeptApart() {
        using Kl = std::optional<double>;
        ui::LiveFit fit;
        const auto hear = [&](std::int64_t tokens, double kl, Kl file, Kl self) {
            fit.hear(KlPoint{tokens, 3000, kl, 0.0, 0.0, file, self});
        };
        hear(1000, 0.9, {}, {});
        QCOMPARE(fit.curve().series.size(), 1);
        hear(2000, 0.5, 0.8, 0.6);
        hear(3000, 0.4, {}, 0.55);
        const ui::PlotData curve = fit.curve();
        QCOMPARE(curve.series.size(), 2);
        QCOMPARE(curve.series[0].y, (std::vector{0.9, 0.5, 0.4}));
        QCOMPARE(curve.series[1].name, QString("Text kept apart"));
        QCOMPARE(curve.series[1].x, (std::vector{2.0, 3.0}));
        QCOMPARE(curve.series[1].y, (std::vector{0.7, 0.55}));
        QCOMPARE(curve.series[0].name, QString("Text it trains on"));
        QVERIFY(curve.x.title.endsWith("thousands"));
        QCOMPARE(fit.numbersText(), QString("Now 0.400, kept apart 0.550"));
        fit.hear(KlPoint{2'500'000, 3'000'000, 0.3, 0.0, 0.0, {}, {}});
        QCOMPARE(fit.curve().series[0].x.back(), 2.5);
        QVERIFY(fit.curve().x.title.endsWith("millions"));
    }

    void pauseHoldsAndCancelKeeps() {
        QuantizeStudio studio;
        QVERIFY(studio.open());
        QTest::mouseClick(studio.button("Start quantizing"), Qt::LeftButton);
        studio.script->blocks.release(1);
        QVERIFY(studio.says("Blocks saved: 1"));
        QTest::keyClick(&studio.page().run(), Qt::Key_Space);
        QVERIFY(studio.banners().contains("Paused"));
        studio.script->blocks.release(1);
        QTest::qWait(300);
        QVERIFY(studio.page().running()); // the second block waits in its first event
        QTest::keyClick(&studio.page().run(), Qt::Key_Space);
        QVERIFY(!studio.banners().contains("Paused"));
        QVERIFY(studio.says("Done in", 10000));
    }

    /// Needs no question, since finished blocks are kept.
    void windowMayCloseDuringARun() {
        QuantizeStudio studio;
        QVERIFY(studio.open());
        QTest::mouseClick(studio.button("Start quantizing"), Qt::LeftButton);
        studio.script->blocks.release(1);
        QVERIFY(studio.says("Blocks saved: 1"));
        QVERIFY(studio.window->close());
        studio.window.reset();
        const auto runs = RunStore(studio.store).list();
        QCOMPARE(runs.size(), std::size_t{1});
        QCOMPARE(runs[0].state, RunState::cancelled);
        QCOMPARE(RunStore(studio.store).blocks(runs[0].id).size(), std::size_t{1});
    }

    void cancelAsksAndGoesBackToTheSetUp() {
        QuantizeStudio studio;
        QVERIFY(studio.open());
        QTest::mouseClick(studio.button("Start quantizing"), Qt::LeftButton);
        studio.script->blocks.release(1);
        QVERIFY(studio.says("Blocks saved: 1"));
        QuantizeStudio::answer(QMessageBox::No);
        QTest::keyClick(studio.window.get(), Qt::Key_Escape);
        QVERIFY(studio.page().running());
        studio.activate();
        QuantizeStudio::answer(QMessageBox::Yes);
        QTest::keyClick(studio.window.get(), Qt::Key_Escape);
        QVERIFY(QTest::qWaitFor([&] { return !studio.page().running(); }));
        QVERIFY(studio.offers("Start quantizing"));
        const auto run = RunStore(studio.store).list();
        QCOMPARE(run.size(), std::size_t{1});
        QCOMPARE(run[0].state, RunState::cancelled);
    }

    void errorIsShownWhereItHappened() {
        QuantizeStudio studio;
        studio.script->error = Error(ErrorCode::diskFull).in("the-disk").wanted(12'000'000);
        QVERIFY(studio.open());
        QTest::mouseClick(studio.button("Start quantizing"), Qt::LeftButton);
        studio.script->blocks.release(1);
        QVERIFY(QTest::qWaitFor([&] { return studio.banners().contains("The disk is full"); }));
    }

    void unfinishedRunIsOfferedForResume() {
        QuantizeStudio studio;
        QVERIFY(studio.open());
        const QuantizeSettings settings = studio.setup().settings();
        const fs::path partial = settings.outputPath + ".partial";
        fs::create_directories(partial);
        const auto writeRecipe = [&](const QuantizeSettings& recipe) {
            std::ofstream(partial / "recipe.json")
                << R"({"recipe": )" << recipeJson(recipe) << R"(, "recipe_hash": "x"})";
        };
        writeRecipe(settings);
        std::ofstream(partial / "block-00000.safetensors") << "x";
        QTest::keyClick(studio.window.get(), Qt::Key_D, Qt::ControlModifier | Qt::ShiftModifier);
        QVERIFY(QTest::qWaitFor([&] { return studio.banners().contains("stopped after 1 of 2"); }));
        QVERIFY(QTest::qWaitFor([&] { return studio.offers("Resume"); }));
        QVERIFY(!studio.button("Start quantizing")->isEnabled());

        QuantizeSettings other = settings;
        other.rank = 1;
        writeRecipe(other);
        QTest::keyClick(studio.window.get(), Qt::Key_D, Qt::ControlModifier | Qt::ShiftModifier);
        QVERIFY(QTest::qWaitFor([&] { return studio.banners().contains("other settings"); }));
        QVERIFY(!studio.offers("Resume"));
        QVERIFY(QTest::qWaitFor([&] { return studio.offers("Start over"); }));
        QTest::mouseClick(studio.button("Start over"), Qt::LeftButton);
        QVERIFY(QTest::qWaitFor([&] { return studio.setup().mayStart(); }));
        QVERIFY(!fs::exists(partial));
        QTest::mouseClick(studio.button("Undo"), Qt::LeftButton);
        QVERIFY(QTest::qWaitFor([&] { return studio.offers("Start over"); }));
        QVERIFY(fs::exists(partial / "block-00000.safetensors"));
        QTest::mouseClick(studio.button("Start over"), Qt::LeftButton);
        QVERIFY(QTest::qWaitFor([&] { return studio.setup().mayStart(); }));
    }

    void nothingIsCutAtTheSmallestSize() {
        QuantizeStudio studio;
        QVERIFY(studio.open());
        studio.find<QToolButton>("Show advanced settings")->click();
        studio.window->resize(studio.window->minimumSize());
        QTest::qWait(50);
        const auto cut = [&] { return test::cutWidgets(studio.page()).join(", "); };
        // On a busy machine new sizes take longer to reach every widget.
        const auto nothingIsCut = [&] { return QTest::qWaitFor([&] { return cut().isEmpty(); }); };
        QVERIFY2(nothingIsCut(), qPrintable(cut()));
        studio.theme.setPointSize(13);
        studio.window->resize(1280, 800);
        QTest::qWait(50);
        QVERIFY2(nothingIsCut(), qPrintable(cut()));
        QTest::mouseClick(studio.button("Start quantizing"), Qt::LeftButton);
        studio.script->blocks.release(1);
        QVERIFY(studio.says("Blocks saved: 1"));
        QTest::qWait(50);
        QVERIFY2(nothingIsCut(), qPrintable(cut()));
        studio.theme.setPointSize(10);
        studio.window->resize(studio.window->minimumSize());
        QTest::qWait(50);
        QVERIFY2(nothingIsCut(), qPrintable(cut()));
        for (const ui::Plot* plot : studio.page().run().findChildren<ui::Plot*>())
            QVERIFY(!plot->isVisible() || plot->height() >= 150);
    }

    void everyFocusableWidgetHasAName() {
        QuantizeStudio studio;
        QVERIFY(studio.open());
        studio.find<QToolButton>("Show advanced settings")->click();
        QTest::qWait(50); // until fields have their places
        const QStringList nameless = test::unnamedWidgets(studio.page());
        QVERIFY2(nameless.isEmpty(), qPrintable(nameless.join(", ")));
        const QStringList backwards = test::tabsBackwards(studio.page());
        QVERIFY2(backwards.isEmpty(), qPrintable(backwards.join("; ")));
    }

    void pictures() {
        if (qEnvironmentVariableIsEmpty("BWLA_SHOTS"))
            QSKIP("BWLA_SHOTS is not set");
        QuantizeStudio studio;
        const fs::path real = fs::path(qEnvironmentVariable("HOME").toStdString()) /
                              ".local/share/bwla-studio/models/SmolLM2-135M-Instruct.Q4_1.gguf";
        QVERIFY(studio.open(real));
        for (const bool dark : {true, false}) {
            studio.theme.setMode(dark ? ui::Theme::Mode::dark : ui::Theme::Mode::light);
            QTest::qWait(50);
            saveShot(*studio.window, dark ? "quantize-setup-dark" : "quantize-setup-light");
        }
        studio.theme.setMode(ui::Theme::Mode::dark);
        for (auto* fold : studio.page().findChildren<QToolButton*>())
            if (fold->accessibleName() == "Show advanced settings")
                fold->click();
        QTest::qWait(50);
        saveShot(*studio.window, "quantize-advanced-dark");
        studio.theme.setMode(ui::Theme::Mode::light);
        QTest::qWait(50);
        saveShot(*studio.window, "quantize-advanced-light");
        studio.theme.setMode(ui::Theme::Mode::dark);
        studio.window->resize(960, 600);
        QTest::qWait(50);
        saveShot(*studio.window, "quantize-setup-960-dark");
    }
};

QTEST_MAIN(QuantizeTest)
#include "quantize_test.moc"
