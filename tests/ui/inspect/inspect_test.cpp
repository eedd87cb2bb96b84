// SPDX-License-Identifier: GPL-3.0-or-later
#include "accessible_names.h"
#include "core/model/artifact_writer.h"
#include "core/model/kept_group.h"
#include "real_model.h"
#include "recorded_run.h"
#include "screenshot.h"
#include "tab_order.h"
#include "tiny_model.h"
#include "tiny_quantized.h"
#include "ui/inspect/channel_card.h"
#include "ui/inspect/inspect_page.h"
#include "ui/inspect/layer_panel.h"
#include "ui/inspect/record_now.h"
#include "ui/inspect/timeline_card.h"
#include "ui/studio/main_window.h"
#include "ui/theme/theme.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/plot.h"

#include <QComboBox>
#include <QLabel>
#include <QPushButton>
#include <QSlider>
#include <QSpinBox>
#include <QTableView>
#include <QTemporaryDir>
#include <QTreeView>
#include <QtTest>

#include <cmath>

using namespace bwla;
using namespace bwla::test;
using namespace bwla::ui;

namespace fs = std::filesystem;

class InspectTest : public QObject {
    Q_OBJECT

private:
    QTemporaryDir directory_;
    Theme theme_;
    std::unique_ptr<Database> store_;
    std::unique_ptr<Services> services_;

    [[nodiscard]] fs::path at(const char* name) const {
        return fs::path(directory_.path().toStdString()) / name;
    }
    [[nodiscard]] QString path(const char* name) const {
        return QString::fromStdString(at(name).string());
    }
    void writeArtifactOf(
        const char* model, const char* out,
        const std::function<bool(std::int64_t, GroupKind)>& kept = [](std::int64_t, GroupKind) {
            return false;
        }) const;
    void record(const char* model, const char* out) const;
    /// A page that has drawn a channel of `artifact`.
    std::unique_ptr<InspectPage> openPage(const QString& artifact);
    static const QList<PlotSeries>& curves(const InspectPage& page) {
        return page.channel().plot().data().series;
    }

private Q_SLOTS:
    void initTestCase();
    void init();
    void a_folder_without_a_run_shows_its_weights();
    void activations_can_be_recorded_now();
    void layers_in_float_have_no_numbers();
    void a_recorded_run_shows_everything();
    void keys_drive_the_page();
    void timeline_scrubs_the_histogram();
    void a_trained_model_says_so();
    void exports_name_model_and_run();
    void asks_for_a_missing_original();
    void says_what_is_wrong_with_a_folder();
    void every_focusable_widget_has_a_name();
    void narrow_windows_show_tabs();
    void real_model_in_both_themes();
};

void InspectTest::writeArtifactOf(const char* model, const char* out,
                                  const std::function<bool(std::int64_t, GroupKind)>& kept) const {
    const auto source = ModelSource::open(at(model));
    writeArtifact(
        at(out), *source, {},
        [&](std::int64_t layer) {
            QuantizedBlock block = randomBlock(source->config(), layer);
            for (const InputGroup& g : groups())
                if (kept(layer, g.kind))
                    block.groups[static_cast<std::size_t>(g.kind)] =
                        keptGroup(*source, layer, g.kind);
            return block;
        },
        [](const fs::path&) { return std::string("{}"); });
}

void InspectTest::record(const char* model, const char* out) const {
    recordRun(*store_, at(model).string(), at(out).string());
}

void InspectTest::initTestCase() {
    // Nothing of the user's is scanned by the pages beside.
    qputenv("HF_HUB_CACHE", path("cache").toUtf8());
    writeTinyFolder(at("model"));
    writeArtifactOf("model", "out");
    fs::create_directories(at("alone"));
    writeArtifactOf("model", "alone/out");
}

void InspectTest::init() {
    services_.reset();
    store_.reset();
    fs::remove(at("studio.db"));
    fs::remove(at("studio.db-wal"));
    fs::remove(at("studio.db-shm"));
    store_ = std::make_unique<Database>(at("studio.db"));
    services_ = std::make_unique<Services>(Services{
        theme_, *store_, {}, [](const EngineChoice&) { return makeReferenceBackend(); }, {}});
}

std::unique_ptr<InspectPage> InspectTest::openPage(const QString& artifact) {
    auto page = std::make_unique<InspectPage>(*services_);
    page->resize(1200, 716);
    page->show();
    page->inspect(artifact);
    [&] { QTRY_VERIFY_WITH_TIMEOUT(!curves(*page).isEmpty(), 20000); }();
    return page;
}

void InspectTest::a_folder_without_a_run_shows_its_weights() {
    const auto page = openPage(path("out"));
    QCOMPARE(curves(*page).size(), 4);
    QCOMPARE(curves(*page)[0].y.size(), std::size_t{64});
    QVERIFY(page->layers().current() == (LayerId{1, GroupKind::mlpOut, 0}));
    // Everything that needs no record, for all layers; what needs one says so.
    QTRY_COMPARE_WITH_TIMEOUT(page->layers().facts().known(), 14, 20000);
    QVERIFY(page->layers().facts().value({0, GroupKind::attnIn, 1}, LayerMetric::plainError) > 0.0);
    QVERIFY(std::isnan(
        page->layers().facts().value({0, GroupKind::attnIn, 1}, LayerMetric::outputError)));
    int silent = 0;
    for (const Plot* plot : page->findChildren<Plot*>())
        silent += plot->data().emptyText == "Activations were not recorded." ? 1 : 0;
    QCOMPARE(silent, 3); // map, maxima, tails
    QVERIFY(page->timeline().round() < 0);
    QSignalSpy chat(page.get(), &Page::chatRequested);
    QTest::mouseClick(qobject_cast<QPushButton*>(page->headerActions().last()), Qt::LeftButton);
    QCOMPARE(chat.size(), 1);
    QCOMPARE(chat[0][0].toString(), path("model"));
    QCOMPARE(chat[0][1].toString(), path("out"));
}

/// By the button, in the background: shown for every layer, and found again when opened anew.
void InspectTest::activations_can_be_recorded_now() {
    const auto page = openPage(path("out"));
    auto* offer = page->findChild<RecordNow*>();
    const auto button = [&](const char* text) {
        for (auto* candidate : offer->findChildren<QPushButton*>())
            if (candidate->text() == text)
                return candidate;
        return static_cast<QPushButton*>(nullptr);
    };
    const auto maps = [](const InspectPage& shown) {
        int count = 0;
        for (const Plot* plot : shown.findChildren<Plot*>())
            count += plot->data().map ? 1 : 0;
        return count;
    };
    QVERIFY(offer->isVisible() && button("Record now")->isVisible());
    saveShot(*page, "inspect-record-now");
    QTest::mouseClick(button("Record now"), Qt::LeftButton);
    QVERIFY(offer->running());
    QTest::mouseClick(button("Cancel"), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(!offer->running(), 20000);
    QVERIFY(offer->isVisible());
    QTest::mouseClick(button("Record now"), Qt::LeftButton);
    QTRY_COMPARE_WITH_TIMEOUT(maps(*page), 2, 30000);
    QTRY_VERIFY(!offer->isVisible());
    page->layers().choose({0, GroupKind::attnIn, 2});
    QTest::qWait(200);
    QTRY_COMPARE(maps(*page), 2);
    QVERIFY(!offer->isVisible());
    const auto again = openPage(path("out"));
    QTRY_COMPARE(maps(*again), 2);
}

/// Block 0 whole and the MLP's input of block 1: named, hatched, and without a measured number.
void InspectTest::layers_in_float_have_no_numbers() {
    writeArtifactOf("model", "float", [](std::int64_t block, GroupKind kind) {
        return block == 0 || kind == GroupKind::mlpIn;
    });
    const auto page = openPage(path("float"));
    QTRY_COMPARE_WITH_TIMEOUT(page->layers().facts().known(), 5, 20000);
    const LayerFacts& facts = page->layers().facts();
    for (const LayerMetric metric : layerMetrics)
        QVERIFY(std::isnan(facts.value({0, GroupKind::attnIn, 1}, metric)) &&
                std::isnan(facts.worst(0, metric)));
    QVERIFY(facts.value({1, GroupKind::mlpOut, 0}, LayerMetric::plainError) > 0.0);
    const QAbstractItemModel& tree = *page->layers().tree()->model();
    QCOMPARE(tree.index(0, 0).data().toString(), QString("Block 0 · float"));
    QCOMPARE(tree.index(1, 0).data().toString(), QString("Block 1"));
    QCOMPARE(tree.index(4, 0, tree.index(1, 0)).data().toString(), QString("gate_proj · float"));
    saveShot(*page, "inspect-float");

    page->layers().choose({0, GroupKind::mlpOut, 0});
    QTRY_COMPARE_WITH_TIMEOUT(curves(*page).size(), 1, 20000);
    QCOMPARE(curves(*page)[0].name, QString("Original"));
    QVERIFY(page->channel().plot().data().marks.isEmpty());
    QCOMPARE(page->channel().findChild<QTableView*>()->model()->rowCount(), 1);
    page->channel().toggleUnits(); // a layer without levels stays in the weights' units
    QTest::qWait(300);
    QCOMPARE(page->channel().plot().data().x.title, QString("Weight value"));
    saveShot(*page, "inspect-float-layer");
}

void InspectTest::a_recorded_run_shows_everything() {
    record("model", "alone/out");
    InspectPage page(*services_);
    page.resize(1200, 716);
    page.show();
    page.activated(); // the newest finished run opens by itself
    QTRY_VERIFY_WITH_TIMEOUT(!curves(page).isEmpty(), 20000);
    QVERIFY(
        std::abs(page.layers().facts().value({1, GroupKind::mlpIn, 1}, LayerMetric::outputError) -
                 0.2) < 1e-12);
    QCOMPARE(page.layers().metric(), LayerMetric::outputError);
    for (const Plot* plot : page.findChildren<Plot*>())
        QVERIFY2(plot->data().emptyText.isEmpty(), qPrintable(plot->data().emptyText));
    QTRY_COMPARE_WITH_TIMEOUT(page.layers().facts().known(), 14, 20000);
    const QStringList lines = page.layers().csv().split('\n', Qt::SkipEmptyParts);
    QCOMPARE(lines.size(), 15);
    QCOMPARE(lines[1].section(',', 0, 1), QString("model.layers.0.self_attn.q_proj,0.05"));
    saveShot(page, "inspect-tiny");
}

void InspectTest::keys_drive_the_page() {
    const auto page = openPage(path("out"));
    Plot& plot = page->channel().plot();
    plot.setFocus();
    QTest::keyClick(&plot, Qt::Key_Right, Qt::AltModifier);
    QCOMPARE(page->channel().channel(), 1);
    const QString name = plot.accessibleName();
    QTRY_VERIFY(plot.data().title.endsWith("channel 1"));
    QTest::keyClick(&plot, Qt::Key_Up, Qt::AltModifier);
    QVERIFY(page->layers().current() == (LayerId{1, GroupKind::mlpIn, 1}));
    QTRY_VERIFY(plot.data().title.contains("up_proj"));
    QVERIFY(plot.accessibleName() != name && plot.accessibleName().startsWith("Weights of "));
    QTest::keyClick(&plot, Qt::Key_U);
    QTRY_COMPARE(plot.data().marks[1].x, 1.0); // the engine's +1
    QTRY_COMPARE_WITH_TIMEOUT(page->layers().facts().known(), 14, 20000);
    QTest::keyClick(&plot, Qt::Key_W);
    const auto worst = page->layers().facts().survey({1, GroupKind::mlpIn, 1})->worstChannel;
    QCOMPARE(page->channel().channel(), worst);
    const LayerMetric before = page->layers().metric();
    QTest::keyClick(page->layers().tree(), Qt::Key_M);
    QVERIFY(page->layers().metric() != before);
    QTest::keyClick(page->layers().tree(), Qt::Key_X);
    QVERIFY(page->layers().tree()->isExpanded(page->layers().tree()->model()->index(0, 0)));
    QVERIFY(!page->keys().isEmpty());
}

void InspectTest::timeline_scrubs_the_histogram() {
    record("model", "alone/out");
    const auto page = openPage(path("alone/out"));
    Plot& plot = page->channel().plot();
    QCOMPARE(curves(*page).size(), 4);
    plot.setFocus();
    QTest::keyClick(&plot, Qt::Key_BracketLeft);
    QCOMPARE(page->timeline().round(), 3);
    QTRY_COMPARE(curves(*page).size(), 3);
    const auto third = curves(*page)[1].y;
    QTest::keyClick(&plot, Qt::Key_BracketLeft);
    QTRY_VERIFY(curves(*page)[1].y != third);
    QTest::keyClick(&plot, Qt::Key_P); // plays to the end
    QVERIFY(page->timeline().playing());
    QTRY_VERIFY_WITH_TIMEOUT(!page->timeline().playing(), 5000);
    QTRY_COMPARE(curves(*page).size(), 4);
}

void InspectTest::a_trained_model_says_so() {
    const auto source = ModelSource::open(at("model"));
    ArtifactDescription description;
    description.recipeJson = R"({"refinement": {"parameters": "scales"}})";
    writeArtifact(
        at("trained"), *source, description,
        [&](std::int64_t layer) { return randomBlock(source->config(), layer); },
        [](const fs::path&) { return std::string("{}"); });
    const auto page = openPage(path("trained"));
    QCOMPARE(curves(*page)[2].name, QString("After refinement"));
    const auto untrained = openPage(path("out"));
    QCOMPARE(curves(*untrained)[2].name, QString("After PSP"));
}

void InspectTest::exports_name_model_and_run() {
    record("model", "alone/out");
    const auto page = openPage(path("alone/out"));
    QCOMPARE(page->channel().plot().exportTo(path("channel.csv")), QString());
    QFile file(path("channel.csv"));
    QVERIFY(file.open(QIODevice::ReadOnly));
    QCOMPARE(QString::fromUtf8(file.readLine()).trimmed(),
             QString("# out, run 1: model.layers.1.mlp.down_proj, channel 0"));
}

void InspectTest::asks_for_a_missing_original() {
    InspectPage page(*services_);
    page.show();
    page.inspect(path("alone/out")); // nothing beside it
    auto* banner = page.findChild<Banner*>();
    QTRY_VERIFY(banner->isVisible());
    QVERIFY2(banner->text().contains("original of out was not found"), qPrintable(banner->text()));
    QCOMPARE(banner->findChildren<QPushButton*>().size(), 2);
    store_->execute("INSERT INTO settings VALUES ('inspect.original:" + at("alone/out").string() +
                    "', '" + at("model").string() + "')");
    page.inspect(path("alone/out"));
    QTRY_VERIFY(!curves(page).isEmpty());
    QVERIFY(!banner->isVisible());
}

void InspectTest::says_what_is_wrong_with_a_folder() {
    InspectPage page(*services_);
    page.show();
    auto* banner = page.findChild<Banner*>();
    page.inspect(path("model"));
    QTRY_VERIFY(banner->isVisible());
    QVERIFY2(banner->text().contains("model"), qPrintable(banner->text()));
    page.inspect(path("nowhere"));
    QTRY_VERIFY2(banner->text().contains("nowhere"), qPrintable(banner->text()));
}

void InspectTest::every_focusable_widget_has_a_name() {
    const auto page = openPage(path("out"));
    const QStringList nameless = unnamedWidgets(*page);
    QVERIFY2(nameless.isEmpty(), qPrintable(nameless.join(", ")));
    const QStringList backwards = tabsBackwards(*page);
    QVERIFY2(backwards.isEmpty(), qPrintable(backwards.join("; ")));
}

void InspectTest::narrow_windows_show_tabs() {
    const auto page = openPage(path("out"));
    page->resize(968, 616); // 1024 x 700
    QVERIFY(page->layers().isVisible() && page->channel().isVisible());
    QVERIFY(!page->timeline().isVisible());
    QTest::qWait(50);
    saveShot(*page, "inspect-1024");
    page->resize(904, 500); // 200 %
    QVERIFY(!page->layers().isVisible() && page->channel().isVisible());
    QTest::qWait(50);
    saveShot(*page, "inspect-200");
    page->resize(1200, 716);
    QVERIFY(page->layers().isVisible() && page->timeline().isVisible());
}

void InspectTest::real_model_in_both_themes() {
    const fs::path original = realModel();
    const fs::path artifact = original.parent_path() / "SmolLM2-135M-Instruct-W1A6";
    if (!Artifact::isArtifact(artifact))
        QSKIP("the default model was not quantized on this machine");
    MainWindow window(*services_);
    window.resize(1280, 800);
    window.show();
    auto* page = window.page<InspectPage>();
    Q_EMIT window.pages()[0]->inspectRequested(QString::fromStdString(artifact.string()));
    QTRY_VERIFY_WITH_TIMEOUT(!curves(*page).isEmpty(), 30000);
    QVERIFY(page->isVisible());
    page->layers().choose({11, GroupKind::mlpOut, 0});
    QTRY_VERIFY_WITH_TIMEOUT(page->channel().plot().data().title.contains("11.mlp"), 10000);
    page->channel().choose(217);
    QTRY_VERIFY_WITH_TIMEOUT(page->channel().plot().data().title.endsWith("217"), 10000);
    if (qEnvironmentVariableIsSet("BWLA_SHOTS")) // pictures wait for all layers
        QTRY_COMPARE_WITH_TIMEOUT(page->layers().facts().known(), 210, 120000);
    for (const auto mode : {Theme::Mode::light, Theme::Mode::dark}) {
        theme_.setMode(mode);
        QTest::qWait(400);
        saveShot(window, mode == Theme::Mode::dark ? "inspect-dark" : "inspect-light");
    }
    if (qEnvironmentVariableIsSet("BWLA_SHOTS")) { // a row with two peaks, in units of its levels
        page->layers().choose({0, GroupKind::attnIn, 0});
        QTest::qWait(200);
        page->channel().choose(3);
        page->channel().toggleUnits();
        QTest::qWait(600);
        saveShot(window, "inspect-levels");
    }
}

QTEST_MAIN(InspectTest)
#include "inspect_test.moc"
