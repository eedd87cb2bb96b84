// SPDX-License-Identifier: GPL-3.0-or-later
//
// The pictures of docs/pictures, of the real default model, in both themes. Needs BWLA_SHOTS (the
// folder to write), BWLA_INSPECT (a quantized folder whose run is recorded in BWLA_STORE) and
// BWLA_CHAT (a quantized folder to chat with); README says how they were made. BWLA_SIZE=960x600
// (logical pixels) with QT_SCALE_FACTOR=2 draws them as on a screen at 200 %, BWLA_POINTS=13 with
// larger text. Without a quantizer
// in the build the running page shows a job that only pretends to fit. BWLA_TRAINING (what `bwla
// quantize --json` of a preset that trains wrote to stderr) draws that run's curves.
#include "core/quant/quantizer_module.h"
#include "fake_quantize_job.h"
#include "real_model.h"
#include "screenshot.h"
#include "ui/chat/chat_page.h"
#include "ui/chat/composer.h"
#include "ui/inspect/channel_card.h"
#include "ui/inspect/inspect_page.h"
#include "ui/inspect/layer_panel.h"
#include "ui/models/models_page.h"
#include "ui/quantize/quantize_page.h"
#include "ui/quantize/run_view.h"
#include "ui/studio/main_window.h"
#include "ui/theme/theme.h"
#include "ui/widgets/plot.h"

#include <QApplication>
#include <QTest>

#include <nlohmann/json.hpp>

#include <fstream>

using namespace bwla;
using namespace bwla::ui;

namespace {

constexpr int patience = 240'000; // ms, on two cores
const std::filesystem::path module = BWLA_BINARY_DIR "/libbwla_quantizer.so";

QString path(const char* variable) {
    return qEnvironmentVariable(variable);
}

QSize size() {
    const QStringList sides = path("BWLA_SIZE").split('x');
    return sides.size() == 2 ? QSize(sides[0].toInt(), sides[1].toInt()) : QSize(1280, 800);
}

QString suffix(Theme::Mode mode) {
    return mode == Theme::Mode::dark ? "-dark" : "-light";
}

/// Lines without a document, and what was put before one (a time), are passed over.
std::vector<KeptEvent> refinementIn(std::istream& log) {
    std::vector<KeptEvent> events;
    for (std::string line; std::getline(log, line);) {
        const auto begin = std::min(line.find('{'), line.size());
        const auto said = nlohmann::json::parse(line.substr(begin), nullptr, false);
        if (!said.is_object() || said.value("event", "") != "refine")
            continue;
        const auto kl = [&](const char* key) {
            return said.contains(key) ? std::optional(said[key].get<double>()) : std::nullopt;
        };
        events.emplace_back().refined = KlPoint{.tokens = said["tokens"],
                                                .of = said["of"],
                                                .kl = said["kl"],
                                                .heldOutFile = kl("held_out_file_kl"),
                                                .heldOutSelf = kl("held_out_self_kl")};
    }
    return events;
}

} // namespace

class PicturesTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() {
        if (path("BWLA_SHOTS").isEmpty() || path("BWLA_INSPECT").isEmpty() ||
            path("BWLA_CHAT").isEmpty())
            QSKIP("BWLA_SHOTS, BWLA_INSPECT and BWLA_CHAT say what to draw and where.");
        original_ = QString::fromStdString(test::realModel().string());
        script_->rounds = 20;
        script_->blocks.release(12);
        services_ = std::make_unique<Services>(
            Services{.theme = theme_,
                     .store = store_,
                     .newQuantizeJob = [this] { return quantizeJob(); },
                     .newBackend = [](const EngineChoice&) { return makeCpuBackend(); },
                     .engineDevices = engineDevices});
        window_ = std::make_unique<MainWindow>(*services_);
        window_->resize(size());
        if (const int points = qEnvironmentVariableIntValue("BWLA_POINTS"))
            theme_.setPointSize(points);
        window_->show();
    }

    void models() {
        window_->openModel(path("BWLA_INSPECT"));
        window_->openModel(path("BWLA_CHAT"));
        window_->openModel(original_);
        QTest::qWait(4000); // the scan and the details
        shoot("models");
    }

    void inspect() {
        auto* page = window_->page<InspectPage>();
        Q_EMIT page->inspectRequested(path("BWLA_INSPECT"));
        QTest::qWait(30'000); // the survey of all layers
        page->layers().choose({.block = 10, .kind = GroupKind::mlpIn, .index = 0});
        QTest::qWait(2000);
        page->channel().choose(217);
        QTest::qWait(2000);
        shoot("inspect");
        QVERIFY(page->isVisible());
    }

    /// Before the run, which would take half of the machine from the answers.
    void chat() {
        auto* page = window_->page<ChatPage>();
        Q_EMIT page->chatRequested(original_, path("BWLA_CHAT"));
        for (const char* prompt :
             {"Why is the sky blue?", "Write a Python function that reverses a string."}) {
            QTest::qWait(1000);
            page->composer()->setText(prompt);
            Q_EMIT page->composer()->sendRequested(prompt);
            QTest::qWait(1000);
            QTRY_VERIFY_WITH_TIMEOUT(!page->controller().running(), patience);
        }
        QTest::qWait(1000);
        shoot("chat");
        QTest::keyClick(window_.get(), Qt::Key_E, Qt::ControlModifier | Qt::ShiftModifier);
        QTest::qWait(1000);
        shoot("chat-engine");
    }

    /// A real run, a minute and BWLA_RUN_SECONDS into it; its finished blocks stay for --resume.
    void quantize() {
        auto* page = window_->page<QuantizePage>();
        Q_EMIT page->quantizeRequested(original_);
        QTest::qWait(3000);
        shoot("quantize-setup");
        QTest::keyClick(window_.get(), Qt::Key_Return, Qt::ControlModifier);
        QTRY_VERIFY_WITH_TIMEOUT(page->running(), 10'000);
        QTest::qWait(qEnvironmentVariableIntValue("BWLA_RUN_SECONDS") * 1000 +
                     (std::filesystem::exists(module) ? 60'000 : 2000));
        shoot("quantize-running");
    }

    /// The curves of a run that trained, told again from its log.
    void training() {
        std::ifstream log(path("BWLA_TRAINING").toStdString());
        if (!log)
            QSKIP("BWLA_TRAINING names no log.");
        RunView view(theme_);
        view.resize(size());
        view.start({});
        view.hear(refinementIn(log));
        for (const auto mode : {Theme::Mode::light, Theme::Mode::dark}) {
            theme_.setMode(mode);
            view.show();
            QTest::qWait(800);
            for (auto* plot : view.findChildren<Plot*>())
                if (plot->data().series.value(1).name == "Text kept apart")
                    saveShot(*plot->parentWidget(), "quantize-training" + suffix(mode));
        }
    }

private:
    void shoot(const QString& name) {
        for (const auto mode : {Theme::Mode::light, Theme::Mode::dark}) {
            theme_.setMode(mode);
            QTest::qWait(800);
            saveShot(*window_, name + suffix(mode));
        }
    }

    [[nodiscard]] std::unique_ptr<QuantizeJob> quantizeJob() const {
        if (std::filesystem::exists(module))
            return loadQuantizeJob(module);
        return std::make_unique<test::FakeJob>(script_);
    }

    Theme theme_;
    std::shared_ptr<test::FakeJob::Script> script_ = std::make_shared<test::FakeJob::Script>();
    Database store_{storeFile()};
    QString original_;
    std::unique_ptr<Services> services_;
    std::unique_ptr<MainWindow> window_;
};

QTEST_MAIN(PicturesTest)
#include "pictures_slow_test.moc"
