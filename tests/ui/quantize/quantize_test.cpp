// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/artifact_writer.h"
#include "core/quant/quantize_command.h"
#include "core/store/database.h"
#include "core/store/run_store.h"
#include "screenshot.h"
#include "tiny_model.h"
#include "tiny_quantized.h"
#include "ui/quantize/advanced_form.h"
#include "ui/quantize/block_map.h"
#include "ui/quantize/done_view.h"
#include "ui/quantize/live_fit.h"
#include "ui/quantize/quantize_page.h"
#include "ui/quantize/run_checks.h"
#include "ui/quantize/run_view.h"
#include "ui/quantize/setup_view.h"
#include "ui/studio/main_window.h"
#include "ui/theme/theme.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/command_strip.h"
#include "ui/widgets/plot.h"

#include <QApplication>
#include <QComboBox>
#include <QLabel>
#include <QMessageBox>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QRadioButton>
#include <QSignalSpy>
#include <QSpinBox>
#include <QTableWidget>
#include <QTemporaryDir>
#include <QTest>
#include <QTimer>
#include <QToolButton>

#include <random>
#include <semaphore>

using namespace bwla;
namespace fs = std::filesystem;

namespace {

/// What a run tells and leaves behind, without its arithmetic: moments of random rows that grow two
/// peaks, a report a block, a written artifact.
class FakeJob : public QuantizeJob {
public:
    struct Script {
        std::counting_semaphore<> blocks{0}; ///< one release lets one block go on
        std::optional<Error> error;          ///< thrown after the first block
    };
    explicit FakeJob(std::shared_ptr<Script> script) : script_(std::move(script)) {}

    QuantizeResult run(const QuantizeSettings& settings, const Sink<QuantizeEvent>& sink,
                       std::stop_token stop) override {
        const auto model = ModelSource::open(settings.modelPath);
        const auto& config = model->config();
        QuantizeResult result;
        for (std::int64_t block = 0; block < config.layers; ++block) {
            while (!script_->blocks.try_acquire_for(std::chrono::milliseconds(5)))
                throwIfStopped(stop);
            QuantizeEvent event;
            event.progress = {.phase = "fit",
                              .step = "attn_in: rotation",
                              .block = block,
                              .blocks = config.layers,
                              .fraction =
                                  static_cast<double>(block) / static_cast<double>(config.layers)};
            for (int round = 0; round <= 4; ++round)
                sendRound(event, sink, settings, round);
            result.blocks.push_back(report(block));
            event.moment = nullptr;
            event.progress.fraction =
                static_cast<double>(block + 1) / static_cast<double>(config.layers);
            event.progress.etaSeconds = 65;
            event.progress.etaSpreadSeconds = 5;
            event.finished = &result.blocks.back();
            sink(event);
            throwIfStopped(stop);
            if (script_->error)
                throw *script_->error;
        }
        writeArtifact(
            settings.outputPath, *model,
            {.recipeJson = {}, .recipeHash = {}, .calibration = "self"},
            [&](std::int64_t layer) { return test::randomBlock(config, layer); },
            [](const fs::path&) { return std::string("{}"); });
        result.out = settings.outputPath;
        result.ledger = Artifact::open(settings.outputPath)->ledger();
        result.layers = config.layers;
        result.seconds = 272;
        result.peakRssBytes = 1'520'000'000;
        return result;
    }

private:
    static BlockReport report(std::int64_t block) {
        BlockReport report{.block = block, .groups = {}};
        for (const InputGroup& g : groups()) {
            GroupReport& r = report.groups[static_cast<std::size_t>(g.kind)];
            r.kind = g.kind;
            r.activationError =
                0.05 + 0.1 * static_cast<double>(block) + 0.01 * static_cast<int>(g.kind);
            r.plainError = 0.39;
        }
        report.seconds = 7.5;
        return report;
    }

    static void sendRound(QuantizeEvent& event, const Sink<QuantizeEvent>& sink,
                          const QuantizeSettings& settings, int round) {
        if (!settings.trace)
            return;
        std::mt19937 random(1);
        std::normal_distribution<float> bell(0.0F, 0.1F);
        std::vector<float> rows(2 * 576);
        for (std::size_t i = 0; i < rows.size(); ++i)
            rows[i] =
                bell(random) * (round == 0 ? 1.0F : 1.0F - 0.15F * static_cast<float>(round)) +
                0.025F * static_cast<float>(round) * (i % 2 == 0 ? 1.0F : -1.0F);
        const std::vector<std::int64_t> index{0, 480};
        const float factor = 1.0F;
        FitMoment moment{.block = event.progress.block,
                         .kind = GroupKind::attnIn,
                         .stage = round == 0 ? FitStage::original : FitStage::rotation,
                         .round = round,
                         .rounds = 20,
                         .cols = 576};
        if (round > 0)
            moment.objective = 0.8 + 0.02 * round;
        moment.rowIndex = index;
        moment.rows = rows;
        moment.factorA = moment.factorB = std::span(&factor, 1);
        event.moment = &moment;
        sink(event);
    }

    std::shared_ptr<Script> script_;
};

struct Studio {
    QTemporaryDir folder;
    Database store;
    std::shared_ptr<FakeJob::Script> script = std::make_shared<FakeJob::Script>();
    ui::Theme theme;
    ui::Services services;
    std::unique_ptr<ui::MainWindow> window;

    Studio()
        : store(databaseIn(folder)), services{.theme = theme,
                                              .store = store,
                                              .newQuantizeJob =
                                                  [script = script] {
                                                      return std::make_unique<FakeJob>(script);
                                                  },
                                              .newBackend =
                                                  [] { return makeCpuBackend({.threads = 1}); }} {
        theme.setMode(ui::Theme::Mode::dark);
        test::writeTinyFolder(model());
    }
    static Database databaseIn(const QTemporaryDir& folder) {
        qputenv("XDG_DATA_HOME", folder.path().toUtf8());
        qputenv("HF_HUB_CACHE", (folder.path() + "/cache").toUtf8());
        return Database(dataFolder() / "studio.sqlite");
    }
    [[nodiscard]] fs::path model() const {
        return fs::path(folder.path().toStdString()) / "tiny-llama";
    }
    [[nodiscard]] ui::QuantizePage& page() const { return *window->page<ui::QuantizePage>(); }
    [[nodiscard]] ui::SetupView& setup() const { return page().setup(); }

    bool open(const fs::path& path) {
        if (!window) {
            window = std::make_unique<ui::MainWindow>(services);
            window->resize(1280, 800);
            window->show();
            window->showPage(1);
            activate();
        }
        page().setModel(QString::fromStdString(path.string()));
        return QTest::qWaitFor([&] { return setup().mayStart(); }, 10000);
    }
    bool open() { return open(model()); }
    /// Keys reach an active window only; a closed dialog leaves none behind on this platform.
    void activate() const {
        window->activateWindow();
        (void)QTest::qWaitForWindowActive(window.get());
    }
    QPushButton* button(const QString& text) const {
        for (auto* button : window->findChildren<QPushButton*>())
            if (button->text() == text && button->isVisible())
                return button;
        return nullptr;
    }
    template<class T>
    T* find(const char* accessibleName) const {
        for (T* widget : page().findChildren<T*>())
            if (widget->accessibleName() == accessibleName)
                return widget;
        return nullptr;
    }
    [[nodiscard]] QString banners() const {
        QString all;
        for (auto* banner : page().findChildren<ui::Banner*>())
            if (banner->isVisible())
                all += banner->text() + "\n";
        return all;
    }
    [[nodiscard]] QString text() const {
        QString all;
        for (auto* label : page().findChildren<QLabel*>())
            if (label->isVisible())
                all += label->text() + "\n";
        return all;
    }
    bool says(const QString& words, int milliseconds = 5000) const {
        return QTest::qWaitFor([&] { return text().contains(words); }, milliseconds);
    }
    /// Answers the next question box.
    static void answer(QMessageBox::StandardButton choice) {
        QTimer::singleShot(50, [choice] {
            if (auto* box = qobject_cast<QMessageBox*>(QApplication::activeModalWidget()))
                box->button(choice)->click();
        });
    }
};

} // namespace

class QuantizeTest : public QObject {
    Q_OBJECT

private slots:
    void emptyPageSaysWhatToDo() {
        Studio studio;
        studio.window = std::make_unique<ui::MainWindow>(studio.services);
        studio.window->show();
        studio.window->showPage(1);
        QVERIFY(studio.says("Open a model to quantize it."));
        QVERIFY(studio.button("Start quantizing") == nullptr);
    }

    void presetsByKeyAndCommand() {
        Studio studio;
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
        Studio studio;
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
        studio.find<QComboBox>("Calibration")->setCurrentIndex(1);
        QVERIFY(
            QTest::qWaitFor([&] { return studio.text().contains("Calibration text is missing"); }));
        QVERIFY(!studio.button("Start quantizing")->isEnabled());
    }

    void fourBitActivationsAreWarnedOf() {
        Studio studio;
        QVERIFY(studio.open());
        auto* form = studio.page().findChild<ui::AdvancedForm*>();
        for (auto* button : form->findChildren<QPushButton*>())
            if (button->text() == "4")
                button->click();
        QCOMPARE(studio.setup().settings().activationBits, 4);
        QVERIFY(studio.banners().contains("4-bit activations usually break"));
        QVERIFY(studio.setup().settings().outputPath.ends_with("-W1A4"));
    }

    void runShowsWhatItDoesAndEndsWithTheResult() {
        Studio studio;
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

    void pauseHoldsAndCancelKeeps() {
        Studio studio;
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

    void cancelAsksAndGoesBackToTheSetUp() {
        Studio studio;
        QVERIFY(studio.open());
        QTest::mouseClick(studio.button("Start quantizing"), Qt::LeftButton);
        studio.script->blocks.release(1);
        QVERIFY(studio.says("Blocks saved: 1"));
        Studio::answer(QMessageBox::No);
        QTest::keyClick(studio.window.get(), Qt::Key_Escape);
        QVERIFY(studio.page().running());
        studio.activate();
        Studio::answer(QMessageBox::Yes);
        QTest::keyClick(studio.window.get(), Qt::Key_Escape);
        QVERIFY(QTest::qWaitFor([&] { return !studio.page().running(); }));
        QVERIFY(studio.button("Start quantizing") != nullptr);
        const auto run = RunStore(studio.store).list();
        QCOMPARE(run.size(), std::size_t{1});
        QCOMPARE(run[0].state, RunState::cancelled);
    }

    void errorIsShownWhereItHappened() {
        Studio studio;
        studio.script->error = Error(ErrorCode::diskFull).in("the-disk").wanted(12'000'000);
        QVERIFY(studio.open());
        QTest::mouseClick(studio.button("Start quantizing"), Qt::LeftButton);
        studio.script->blocks.release(1);
        QVERIFY(QTest::qWaitFor([&] { return studio.banners().contains("The disk is full"); }));
    }

    void unfinishedRunIsOfferedForResume() {
        Studio studio;
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
        QVERIFY(QTest::qWaitFor([&] { return studio.button("Resume") != nullptr; }));
        QVERIFY(!studio.button("Start quantizing")->isEnabled());

        QuantizeSettings other = settings;
        other.rank = 1;
        writeRecipe(other);
        QTest::keyClick(studio.window.get(), Qt::Key_D, Qt::ControlModifier | Qt::ShiftModifier);
        QVERIFY(QTest::qWaitFor([&] { return studio.banners().contains("other settings"); }));
        QVERIFY(studio.button("Resume") == nullptr);
        QVERIFY(QTest::qWaitFor([&] { return studio.button("Start over…") != nullptr; }));
        studio.activate();
        Studio::answer(QMessageBox::Yes);
        QTest::mouseClick(studio.button("Start over…"), Qt::LeftButton);
        QVERIFY(QTest::qWaitFor([&] { return studio.setup().mayStart(); }));
        QVERIFY(!fs::exists(partial));
    }

    void existingFolderIsNotOverwritten() {
        Studio studio;
        QVERIFY(studio.open());
        const std::string first = studio.setup().settings().outputPath;
        fs::create_directories(first);
        studio.page().setModel(QString::fromStdString(studio.model().string()));
        QVERIFY(
            QTest::qWaitFor([&] { return studio.setup().settings().outputPath == first + "-2"; }));
    }

    void modelThatCannotBeOpenedIsExplained() {
        Studio studio;
        QVERIFY(studio.open());
        studio.page().setModel("/nonexistent");
        QVERIFY(studio.says("Cannot open /nonexistent"));
    }

    void everyFocusableWidgetHasAName() {
        Studio studio;
        QVERIFY(studio.open());
        for (QWidget* widget : studio.page().findChildren<QWidget*>()) {
            if ((widget->focusPolicy() & Qt::TabFocus) == 0 ||
                widget->window() != studio.window.get())
                continue;
            const auto* button = qobject_cast<QAbstractButton*>(widget);
            const bool inSpinBox =
                qobject_cast<QAbstractSpinBox*>(widget->parentWidget()) != nullptr;
            const bool named = inSpinBox || !widget->accessibleName().isEmpty() ||
                               (button != nullptr && !button->text().isEmpty());
            QVERIFY2(named, widget->metaObject()->className());
        }
    }

    void pictures() {
        if (qEnvironmentVariableIsEmpty("BWLA_SHOTS"))
            QSKIP("BWLA_SHOTS is not set");
        Studio studio;
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
        studio.window->resize(960, 600);
        QTest::qWait(50);
        saveShot(*studio.window, "quantize-setup-960-dark");
    }
};

QTEST_MAIN(QuantizeTest)
#include "quantize_test.moc"
