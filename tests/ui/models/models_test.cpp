// SPDX-License-Identifier: GPL-3.0-or-later
#include "accessible_names.h"
#include "core/model/artifact_writer.h"
#include "screenshot.h"
#include "studio.h"
#include "tab_order.h"
#include "tiny_model.h"
#include "tiny_quantized.h"
#include "ui/models/first_run.h"
#include "ui/models/model_details.h"
#include "ui/models/models_page.h"
#include "ui/widgets/command_strip.h"

#include <QApplication>
#include <QComboBox>
#include <QDropEvent>
#include <QLineEdit>
#include <QMimeData>
#include <QPushButton>
#include <QSignalSpy>
#include <QTableView>
#include <QTest>
#include <QTextBrowser>

using namespace bwla;
namespace fs = std::filesystem;

namespace {

void writeTinyArtifact(const fs::path& out, const fs::path& model) {
    const auto source = ModelSource::open(model);
    writeArtifact(
        out, *source, {.recipeJson = {}, .recipeHash = {}, .calibration = "self"},
        [&](std::int64_t layer) { return test::randomBlock(source->config(), layer); },
        [](const fs::path&) { return std::string("{}"); });
}

struct ModelsStudio : test::Studio {
    [[nodiscard]] ui::ModelsPage& page() const { return test::Studio::page<ui::ModelsPage>(); }
    [[nodiscard]] bool scanned() const {
        return QTest::qWaitFor([&] { return !page().library().scanning(); }, 10000);
    }
    [[nodiscard]] QTableView* table() const { return find<QTableView>("Models"); }
    [[nodiscard]] QStringList names() const {
        QStringList names;
        for (int i = 0; i < table()->model()->rowCount(); ++i)
            names << table()->model()->index(i, 0).data().toString();
        return names;
    }
    void drop(const QString& path) const {
        QMimeData data;
        data.setUrls({QUrl::fromLocalFile(path)});
        QDragEnterEvent enter(QPoint(200, 200), Qt::CopyAction, &data, Qt::LeftButton,
                              Qt::NoModifier);
        QCoreApplication::sendEvent(window.get(), &enter);
        QDropEvent drop(QPointF(200, 200), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        QCoreApplication::sendEvent(window.get(), &drop);
    }
};

} // namespace

class ModelsTest : public QObject {
    Q_OBJECT

private slots:
    void firstRunShowsThePathAndTheDevice() {
        ModelsStudio studio;
        studio.show();
        auto* firstRun = studio.page().findChild<ui::FirstRun*>();
        QVERIFY(QTest::qWaitFor([&] { return studio.banners().startsWith("This computer"); }));
        QVERIFY(firstRun->isVisible());
        QVERIFY(!studio.button("Use this model")->isVisible());
        auto* fetch = firstRun->findChild<ui::CommandStrip*>();
        QVERIFY(fetch->isVisible());
        QCOMPARE(fetch->command(), QString("installer/bootstrap model"));
        saveShot(*studio.window, "models-empty-dark");
        studio.theme.setMode(ui::Theme::Mode::light);
        saveShot(*studio.window, "models-empty-light");
    }

    void smallModelOnDiskIsOneClickAway() {
        ModelsStudio studio;
        fs::create_directories(studio.models());
        test::writeTinyGguf(studio.models() / "SmolLM2-135M-Instruct.Q4_1.gguf", DType::f16);
        studio.show();
        QVERIFY(QTest::qWaitFor([&] { return studio.button("Use this model")->isVisible(); }));
        QTest::mouseClick(studio.button("Use this model"), Qt::LeftButton);
        QVERIFY(studio.table()->isVisible());
        QCOMPARE(studio.names(), QStringList{"SmolLM2-135M-Instruct.Q4_1"});
        QVERIFY(QTest::qWaitFor([&] { return studio.button("Quantize…")->isEnabled(); }));
    }

    void listsFiltersAndSorts() {
        ModelsStudio studio;
        test::writeTinyFolder(studio.models() / "beta");
        test::writeTinyGguf(studio.models() / "alpha.gguf", DType::f32);
        writeTinyArtifact(studio.models() / "beta-W1A6", studio.models() / "beta");
        studio.show();
        QVERIFY(studio.scanned());
        QTest::mouseClick(studio.button("Show the 3 found"), Qt::LeftButton);
        QCOMPARE(studio.names().size(), 3);
        QVERIFY(studio.button("Originals 2") != nullptr);

        QTest::mouseClick(studio.button("Quantized 1"), Qt::LeftButton);
        QCOMPARE(studio.names(), QStringList{"beta-W1A6"});
        QTest::mouseClick(studio.button("All 3"), Qt::LeftButton);

        QTest::keyClick(studio.window.get(), Qt::Key_F, Qt::ControlModifier);
        QTest::keyClicks(QApplication::focusWidget(), "ALPHA");
        QCOMPARE(studio.names(), QStringList{"alpha"});
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Escape);
        QCOMPARE(studio.names().size(), 3);

        studio.table()->sortByColumn(ui::ModelList::nameColumn, Qt::AscendingOrder);
        QCOMPARE(studio.names(), (QStringList{"alpha", "beta", "beta-W1A6"}));
        studio.table()->sortByColumn(ui::ModelList::sizeColumn, Qt::AscendingOrder);
        QCOMPARE(studio.names().first(), QString("beta-W1A6"));
    }

    void detailsAndRequestsFollowTheSelection() {
        ModelsStudio studio;
        test::writeTinyFolder(studio.models() / "beta");
        writeTinyArtifact(studio.models() / "beta-W1A6", studio.models() / "beta");
        studio.show();
        QVERIFY(studio.scanned());
        studio.page().open(QString::fromStdString((studio.models() / "beta").string()));
        QVERIFY(QTest::qWaitFor([&] { return studio.button("Quantize…")->isEnabled(); }));
        QVERIFY(studio.banners().contains("No measurement yet for this size"));

        QSignalSpy quantize(&studio.page(), &ui::Page::quantizeRequested);
        QTest::keyClick(studio.table(), Qt::Key_Return, Qt::ControlModifier);
        QCOMPARE(quantize.count(), 1);
        QVERIFY(quantize[0][0].toString().endsWith("/beta"));
        studio.window->showPage(0); // the request brought its page to the front

        studio.table()->sortByColumn(ui::ModelList::nameColumn, Qt::AscendingOrder);
        studio.table()->selectRow(1);
        QVERIFY(!studio.button("Quantize…")->isVisible());
        QSignalSpy inspect(&studio.page(), &ui::Page::inspectRequested);
        QTest::mouseClick(studio.button("Inspect"), Qt::LeftButton);
        QCOMPARE(inspect.count(), 1);
        QVERIFY(inspect[0][0].toString().endsWith("/beta-W1A6"));
        studio.window->showPage(0);
        QSignalSpy chat(&studio.page(), &ui::Page::chatRequested);
        QTest::keyClick(studio.table(), Qt::Key_Return, Qt::ControlModifier | Qt::ShiftModifier);
        QCOMPARE(chat.count(), 1);
        QVERIFY(chat[0][0].toString().isEmpty());
        QVERIFY(chat[0][1].toString().endsWith("/beta-W1A6"));
        QVERIFY(studio.names().contains("beta"));
    }

    void removedModelComesBackByUndo() {
        ModelsStudio studio;
        test::writeTinyFolder(studio.models() / "beta");
        studio.show();
        QVERIFY(studio.scanned());
        QTest::mouseClick(studio.button("Show the 1 found"), Qt::LeftButton);
        studio.table()->setFocus();
        QTest::keyClick(studio.table(), Qt::Key_Delete);
        QVERIFY(fs::exists(studio.models() / "beta/config.json"));
        QTest::keyClick(studio.window.get(), Qt::Key_F5);
        QVERIFY(studio.scanned());
        QCOMPARE(studio.page().library().notListed().size(), 0);
        QVERIFY(studio.button("Undo") != nullptr);
        QTest::mouseClick(studio.button("Undo"), Qt::LeftButton);
        QVERIFY(QTest::qWaitFor([&] { return studio.names() == QStringList{"beta"}; }));
    }

    void badModelIsExplainedWhereItIs() {
        ModelsStudio studio;
        fs::create_directories(studio.models());
        std::ofstream(studio.models() / "notes.gguf") << "not a model";
        test::TinyModel bare;
        bare.withTokenizer = false;
        test::writeTinyFolder(studio.models() / "bare", bare);
        studio.show();
        QVERIFY(studio.scanned());
        QTest::mouseClick(studio.button("Show the 1 found"), Qt::LeftButton);
        QVERIFY(studio.banners().contains("tokenizer.json"));
        QVERIFY(!studio.button("Quantize…")->isEnabled());

        auto* why = studio.button("Why not listed?");
        QVERIFY(why->isVisible());
        QTest::mouseClick(why, Qt::LeftButton);
        auto* reasons = studio.find<QTextBrowser>("Files that are not listed, and why");
        QVERIFY(reasons->isVisible());
        QVERIFY(reasons->toPlainText().contains("its content is not GGUF"));
        QTest::keyClick(studio.window.get(), Qt::Key_Escape);
        QVERIFY(!reasons->isVisible());

        studio.page().open(QString::fromStdString((studio.models() / "notes.gguf").string()));
        QVERIFY(
            QTest::qWaitFor([&] { return studio.banners().contains("its content is not GGUF"); }));
        QCOMPARE(studio.names().size(), 2); // named by the user: listed, with its reason
    }

    void droppedFolderOfModelsIsScanned() {
        ModelsStudio studio;
        const fs::path other = fs::path(studio.folder.path().toStdString()) / "other";
        test::writeTinyFolder(other / "deep/gamma");
        studio.show();
        QVERIFY(studio.scanned());
        studio.drop(QString::fromStdString(other.string()));
        QVERIFY(QTest::qWaitFor([&] { return studio.names() == QStringList{"gamma"}; }));
        QVERIFY(studio.table()->isVisible());
    }

    /// Blanks, a quote, letters beyond ASCII: dropped, listed, and gone again.
    void anyNameCanBeDropped() {
        ModelsStudio studio;
        const QString path = studio.folder.path() + QString::fromUtf8("/Ärger, 日本 it's");
        const fs::path folder(path.toStdString());
        test::writeTinyFolder(folder);
        studio.show();
        QVERIFY(studio.scanned());
        studio.drop(path);
        QVERIFY(
            QTest::qWaitFor([&] { return studio.names() == QStringList{path.section('/', -1)}; }));
        QVERIFY(QTest::qWaitFor([&] { return studio.button("Quantize…")->isEnabled(); }));
        fs::remove_all(folder);
        QTest::keyClick(studio.window.get(), Qt::Key_F5);
        QVERIFY(QTest::qWaitFor([&] { return studio.banners().contains("Cannot open"); }));
        QVERIFY(!studio.button("Quantize…")->isEnabled());
    }

    void onlyFilesAreTakenFromADrag() {
        ModelsStudio studio;
        studio.show();
        QMimeData link;
        link.setUrls({QUrl("https://example.org/model.gguf")});
        QDragEnterEvent enter(QPoint(200, 200), Qt::CopyAction, &link, Qt::LeftButton,
                              Qt::NoModifier);
        enter.ignore();
        QCoreApplication::sendEvent(studio.window.get(), &enter);
        QVERIFY(!enter.isAccepted());
    }

    void everyFocusableWidgetHasAName() {
        ModelsStudio studio;
        test::writeTinyFolder(studio.models() / "beta");
        studio.show();
        QVERIFY(studio.scanned());
        const QStringList nameless = test::unnamedWidgets(studio.page());
        QVERIFY2(nameless.isEmpty(), qPrintable(nameless.join(", ")));
        const QStringList backwards = test::tabsBackwards(studio.page());
        QVERIFY2(backwards.isEmpty(), qPrintable(backwards.join("; ")));
    }

    void pictures() {
        if (qEnvironmentVariableIsEmpty("BWLA_SHOTS"))
            QSKIP("BWLA_SHOTS is not set");
        ModelsStudio studio;
        fs::create_directories(studio.models());
        const fs::path real = fs::path(qEnvironmentVariable("HOME").toStdString()) /
                              ".local/share/bwla-studio/models";
        for (const auto& entry : fs::directory_iterator(real))
            fs::create_symlink(fs::canonical(entry.path()),
                               studio.models() / entry.path().filename());
        test::writeTinyFolder(studio.models() / "tiny-llama");
        std::ofstream(studio.models() / "notes.gguf") << "not a model";
        test::TinyModel bare;
        bare.withTokenizer = false;
        test::writeTinyFolder(studio.models() / "notes-finetune", bare);
        studio.show();
        QVERIFY(studio.scanned());
        studio.page().open(
            QString::fromStdString((studio.models() / "SmolLM2-135M-Instruct.Q4_1.gguf").string()));
        QVERIFY(QTest::qWaitFor([&] { return studio.button("Quantize…")->isEnabled(); }));
        for (const bool dark : {true, false}) {
            studio.theme.setMode(dark ? ui::Theme::Mode::dark : ui::Theme::Mode::light);
            QTest::qWait(50);
            saveShot(*studio.window, dark ? "models-dark" : "models-light");
        }
        studio.theme.setMode(ui::Theme::Mode::dark);
        for (int row = 0; row < studio.table()->model()->rowCount(); ++row)
            if (studio.names()[row].endsWith("W1A6"))
                studio.table()->selectRow(row);
        QTest::qWait(50);
        saveShot(*studio.window, "models-artifact-dark");
        studio.window->resize(1024, 700);
        QTest::qWait(50);
        saveShot(*studio.window, "models-1024-dark");
        studio.window->resize(960, 600);
        QTest::qWait(50);
        saveShot(*studio.window, "models-960-dark");
    }
};

QTEST_MAIN(ModelsTest)
#include "models_test.moc"
