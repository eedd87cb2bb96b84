// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/quantize/quantize_page.h"

#include "core/quant/quantize_command.h"
#include "core/store/run_store.h"
#include "core/store/settings_store.h"
#include "ui/quantize/done_view.h"
#include "ui/quantize/recorded_job.h"
#include "ui/quantize/run_view.h"
#include "ui/quantize/setup_view.h"
#include "ui/theme/theme.h"
#include "ui/widgets/card.h"
#include "ui/widgets/command_strip.h"
#include "ui/widgets/empty_state.h"
#include "ui/widgets/numbers.h"
#include "ui/widgets/themed_icon.h"

#include <QDesktopServices>
#include <QDir>
#include <QFile>
#include <QMessageBox>
#include <QPushButton>
#include <QScrollArea>
#include <QShortcut>
#include <QStackedLayout>
#include <QUrl>

#include <nlohmann/json.hpp>

namespace bwla::ui {
namespace {

constexpr auto builtInText = ":/text/quick.txt";
constexpr auto asideEnding = ".deleted";
constexpr qint64 longestText = 1'000'000; ///< bytes read of a chosen text: a quick look

QString readText(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.read(longestText)) : QString();
}

std::string commandText(const QuantizeSettings& settings) {
    QStringList words{"bwla"};
    for (const std::string& word : quantizeCommand(settings))
        words << QString::fromStdString(word);
    return shellCommand(words).toStdString();
}

} // namespace

QuantizePage::QuantizePage(Services& services, QWidget* parent)
    : Page(parent), services_(services), context_(label({}, "secondary")),
      dryRun_(new QPushButton(tr("Check again"))), start_(new QPushButton(tr("Start quantizing"))),
      pause_(new QPushButton(tr("Pause"))), cancel_(new QPushButton(tr("Cancel…"))),
      stack_(new QStackedLayout(this)),
      empty_(new EmptyState(services.theme, "quantize", tr("Open a model to quantize it."))),
      setup_(new SetupView(services.theme)), run_(new RunView(services.theme)),
      done_(new DoneView(services.theme)), bridge_(10), quality_(10) {
    start_->setProperty("kind", "primary");
    setThemedIcon(services.theme, start_, "play", [](const Tokens& t) { return t.onAccent; });
    setThemedIcon(services.theme, dryRun_, "refresh");
    setThemedIcon(services.theme, pause_, "pause");
    setThemedIcon(services.theme, cancel_, "cancel");
    dryRun_->setToolTip(tr("Dry run: memory, disk, model, texts and output folder are looked at "
                           "again, nothing is written. Ctrl+Shift+D"));
    start_->setToolTip(tr("Ctrl+Enter"));
    pause_->setToolTip(tr("Waits at the next step; nothing is lost. Space"));
    cancel_->setToolTip(tr("Finished blocks are kept. Esc"));
    connect(empty_->addButton(tr("Choose on Models")), &QPushButton::clicked, this,
            [this] { Q_EMIT openModelRequested({}); });
    stack_->addWidget(empty_);
    stack_->addWidget(setup_);
    auto* scroll = new QScrollArea; // in a low window the histogram keeps its height
    scroll->setWidgetResizable(true);
    scroll->setFocusPolicy(Qt::NoFocus);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    run_->setObjectName("scrolled");
    scroll->setWidget(run_);
    stack_->addWidget(scroll);
    stack_->addWidget(done_);
    connectViews();
    addKeys();
    showView(emptyView);
}

QWidget* QuantizePage::headerContext() {
    return context_;
}

QList<QWidget*> QuantizePage::headerActions() {
    return {dryRun_, pause_, cancel_, start_};
}

void QuantizePage::connectViews() {
    connect(dryRun_, &QPushButton::clicked, setup_, &SetupView::check);
    connect(start_, &QPushButton::clicked, this, [this] { start(false); });
    connect(pause_, &QPushButton::clicked, this, &QuantizePage::togglePause);
    connect(cancel_, &QPushButton::clicked, this, &QuantizePage::askCancel);
    connect(setup_, &SetupView::readyChanged, start_, &QPushButton::setEnabled);
    connect(setup_, &SetupView::resumeRequested, this, [this] { start(true); });
    connect(setup_, &SetupView::startOverRequested, this, &QuantizePage::startOver);
    connect(done_, &DoneView::chatClicked, this, &QuantizePage::requestChat);
    connect(done_, &DoneView::inspectClicked, this, [this] { Q_EMIT inspectRequested(out_); });
    connect(done_, &DoneView::filesClicked, this,
            [this] { QDesktopServices::openUrl(QUrl::fromLocalFile(out_)); });
    connect(done_, &DoneView::againClicked, this, [this] { showModel(model_); });
    connect(done_, &DoneView::measureClicked, this, &QuantizePage::measure);
}

void QuantizePage::addKeys() {
    const auto key = [this](const QKeySequence& keys, auto action) {
        // of the window: they work from the header too, and only while the page is in front
        connect(new QShortcut(keys, this), &QShortcut::activated, this, action);
    };
    for (int i = 0; i < static_cast<int>(presetNames().size()); ++i)
        key(QKeySequence(Qt::ALT | static_cast<Qt::Key>(Qt::Key_1 + i)),
            [this, i] { setup_->choosePreset(i); });
    key(QKeySequence("Ctrl+Return"), [this] {
        if (view_ == setupView && setup_->mayStart())
            start(false);
    });
    key(QKeySequence("Ctrl+Shift+D"), [this] { setup_->check(); });
    key(QKeySequence("Ctrl+L"), [this] { run_->focusLog(); });
    const auto runKey = [&](Qt::Key code, auto action) {
        auto* shortcut = new QShortcut(QKeySequence(code), run_);
        shortcut->setContext(Qt::WidgetWithChildrenShortcut);
        connect(shortcut, &QShortcut::activated, this, action);
    };
    runKey(Qt::Key_Space, [this] { togglePause(); });
    runKey(Qt::Key_PageUp, [this] { run_->stepChannel(-1); });
    runKey(Qt::Key_PageDown, [this] { run_->stepChannel(1); });
}

QList<std::pair<QString, QString>> QuantizePage::keys() const {
    return {{tr("Alt+1 … Alt+%1").arg(presetNames().size()), tr("Choose a preset")},
            {tr("Ctrl+Enter"), tr("Start quantizing")},
            {tr("Ctrl+Shift+D"), tr("Dry run: check again")},
            {tr("Space"), tr("Pause or resume a run")},
            {tr("Page Up / Page Down"), tr("Channel of the live weights")},
            {tr("Ctrl+L"), tr("To the log")},
            {tr("Esc"), tr("Cancel a run, after asking")}};
}

bool QuantizePage::escape() {
    if (!running())
        return false;
    askCancel();
    return true;
}

void QuantizePage::setModel(const QString& path) {
    if (running() || path.isEmpty())
        return;
    modelPath_ = path;
    context_->setText(tr("Reading %1").arg(shortPath(path)));
    opener_.cancel();
    opener_.post([this, path](const std::stop_token&) {
        std::shared_ptr<const ModelSummary> model;
        QString problem;
        try {
            model = std::make_shared<const ModelSummary>(summarizeModel(path.toStdString()));
            if (model->quantized())
                problem = tr("%1 is quantized already. Choose the original.").arg(shortPath(path));
        } catch (const Error& error) {
            problem = errorText(error);
        }
        return std::function<void()>([this, model, problem] {
            if (problem.isEmpty())
                return showModel(model);
            context_->clear();
            empty_->setSentence(problem);
            showView(emptyView);
        });
    });
}

void QuantizePage::showModel(std::shared_ptr<const ModelSummary> model) {
    model_ = std::move(model);
    QStringList types;
    for (const std::string& type : model_->types)
        types << QString::fromStdString(type);
    context_->setText(QString("%1 · %2 · %3")
                          .arg(QString::fromStdString(model_->name), types.join(", "),
                               bytesText(static_cast<double>(model_->fileBytes))));
    setup_->setModel(model_);
    showView(setupView);
}

void QuantizePage::showView(View view) {
    view_ = view;
    stack_->setCurrentIndex(view);
    dryRun_->setVisible(view == setupView);
    start_->setVisible(view == setupView);
    pause_->setVisible(view == runView);
    cancel_->setVisible(view == runView);
    start_->setEnabled(setup_->mayStart());
    pause_->setEnabled(true);
    cancel_->setEnabled(true);
}

void QuantizePage::start(bool resume) {
    if (running() || !model_)
        return;
    quality_.stop();
    QuantizeSettings settings = setup_->settings();
    settings.resume = resume;
    settings.trace = true;
    out_ = QString::fromStdString(settings.outputPath);
    std::error_code ignored;
    std::filesystem::create_directories(std::filesystem::path(settings.outputPath).parent_path(),
                                        ignored);
    QDir(out_ + ".partial" + asideEnding).removeRecursively();
    const std::string command = commandText(settings);
    run_->start(QString::fromStdString(command));
    showView(runView);
    pause_->setText(tr("Pause"));
    auto job =
        std::make_shared<RecordedJob>(services_.newQuantizeJob, services_.store.file(), command);
    bridge_.start<QuantizeSettings, QuantizeEvent, QuantizeResult, KeptEvent>(
        job, settings, [](const QuantizeEvent& event) { return keep(event); },
        [this](const std::vector<KeptEvent>& events) { hear(events); },
        [this](const Outcome<QuantizeResult>& outcome) { finish(outcome); });
    run_->setFocus();
}

/// The finished blocks are only moved aside until the next run begins.
void QuantizePage::startOver() {
    const QString partial = QString::fromStdString(setup_->settings().outputPath) + ".partial";
    const QString aside = partial + asideEnding;
    QDir(aside).removeRecursively();
    if (!QFile::rename(partial, aside))
        return setup_->showError(tr("%1 cannot be moved aside.").arg(shortPath(partial)));
    setup_->offerUndo(tr("The finished blocks were deleted."), [this, partial, aside] {
        QFile::rename(aside, partial);
        setup_->check();
    });
    setup_->check();
}

void QuantizePage::togglePause() {
    if (!running())
        return;
    if (bridge_.paused())
        bridge_.resume();
    else
        bridge_.pause();
    const bool paused = bridge_.paused();
    pause_->setText(paused ? tr("Resume") : tr("Pause"));
    setThemedIcon(services_.theme, pause_, paused ? "play" : "pause");
    run_->setPaused(paused);
    Q_EMIT jobChanged(JobStatus{run_->progressText(), run_->progress().fraction});
}

void QuantizePage::askCancel() {
    if (!running() ||
        QMessageBox::question(this, tr("Cancel the run?"),
                              tr("Blocks saved: %1. They are kept, and the run can be resumed.")
                                  .arg(run_->finishedBlocks())) != QMessageBox::Yes)
        return;
    cancel_->setEnabled(false);
    run_->log(tr("Cancelling at the next step"));
    bridge_.stop();
}

void QuantizePage::hear(const std::vector<KeptEvent>& events) {
    run_->hear(events);
    Q_EMIT jobChanged(JobStatus{run_->progressText(), run_->progress().fraction});
}

void QuantizePage::finish(const Outcome<QuantizeResult>& outcome) {
    Q_EMIT jobChanged(std::nullopt);
    if (!outcome.result) { // back to the set-up, whose checks find the unfinished run
        setup_->setModel(model_);
        showView(setupView);
        setup_->check();
        if (outcome.error)
            setup_->showError(errorText(*outcome.error));
        return;
    }
    done_->show(*outcome.result, static_cast<double>(model_->config.parameters()),
                static_cast<double>(model_->fileBytes));
    showView(doneView);
    Q_EMIT modelsChanged();
    measure({});
}

void QuantizePage::measure(const QString& textFile) {
    if (quality_.running())
        return;
    QuickQualitySettings settings{
        .original = modelPath_.toStdString(),
        .quantized = out_.toStdString(),
        .text = readText(textFile.isEmpty() ? builtInText : textFile).toStdString()};
    done_->setQualityProgress(0.0);
    quality_.start<QuickQualitySettings, QuickQualityEvent, QuickQualityResult, double>(
        std::make_shared<QuickQualityJob>(
            [make = services_.newBackend,
             device = SettingsStore(services_.store).get("engine.device", automaticDevice)] {
                return make({.device = device});
            },
            [make = services_.newBackend] { return make({.device = processorDevice}); }),
        settings, [](const QuickQualityEvent& event) { return event.progress.fraction; },
        [this](const std::vector<double>& fractions) {
            done_->setQualityProgress(fractions.back());
        },
        [this](const Outcome<QuickQualityResult>& outcome) {
            if (outcome.result) {
                done_->setQuality(*outcome.result);
                keepQuality(*outcome.result);
            } else if (outcome.error) {
                done_->setQualityError(errorText(*outcome.error));
            }
        });
}

/// For Runs and Models: kept with the run that wrote the folder.
void QuantizePage::keepQuality(const QuickQualityResult& result) const {
    RunStore runs(services_.store);
    const auto run = runs.findByOutput(out_.toStdString());
    if (!run)
        return;
    const nlohmann::json quality{{"protocol", "quick-256"},
                                 {"before", result.original.perplexity},
                                 {"after", result.quantized.perplexity},
                                 {"tokens", result.original.tokens},
                                 {"activation_bits", result.activationBits}};
    services_.keep([&] { runs.setQuality(run->id, quality.dump()); });
}

void QuantizePage::requestChat() {
    quality_.stop();
    Q_EMIT chatRequested(modelPath_, out_);
}

} // namespace bwla::ui
