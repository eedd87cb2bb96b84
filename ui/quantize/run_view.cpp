// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/quantize/run_view.h"

#include "ui/quantize/block_map.h"
#include "ui/theme/theme.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/card.h"
#include "ui/widgets/numbers.h"
#include "ui/widgets/plot.h"
#include "ui/widgets/process_memory.h"
#include "ui/widgets/themed_icon.h"

#include <QBoxLayout>
#include <QClipboard>
#include <QGuiApplication>
#include <QPlainTextEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QTime>
#include <QToolButton>

namespace bwla::ui {
namespace {

constexpr double estimatingUntil = 0.05;
constexpr double errorToNotice = 0.30; ///< output error of a group that a person should look at
constexpr int logLines = 5000;
constexpr int leastPlotHeight = 200;

/// Steps of a group, as quantizeGroup names them.
const QList<std::pair<QString, const char*>>& steps() {
    static const QList<std::pair<QString, const char*>> list{
        {"target", QT_TRANSLATE_NOOP("bwla::ui::RunView", "Correct the target")},
        {"rotation", QT_TRANSLATE_NOOP("bwla::ui::RunView", "OKT: turn the weights")},
        {"low rank", QT_TRANSLATE_NOOP("bwla::ui::RunView", "PSP: move the rest to low rank")},
        {"fit", QT_TRANSLATE_NOOP("bwla::ui::RunView", "Fit signs and scales")},
        {"store", QT_TRANSLATE_NOOP("bwla::ui::RunView", "Round to storage")},
        {"clip", QT_TRANSLATE_NOOP("bwla::ui::RunView", "6-bit activations: clip range")}};
    return list;
}

} // namespace

RunView::RunView(Theme& theme, QWidget* parent)
    : QWidget(parent), theme_(theme), percent_(label({}, "big")), place_(label({}, "title")),
      left_(label({}, "title")), saved_(label({}, "caption")), memory_(label({}, "caption")),
      bar_(new QProgressBar), pause_(new Banner(theme)), stepsCard_(new Card(tr("This layer"))),
      fitCard_(new Card(tr("Live weights"))), curveCard_(new Card(tr("Objective"))),
      map_(new BlockMap(theme)), weights_(new Plot(theme)), curve_(new Plot(theme)),
      numbers_(label({}, "caption")), log_(new QPlainTextEdit) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(16, 16, 16, 16);
    column->setSpacing(8);
    column->addWidget(makeProgress());
    column->addWidget(pause_);
    column->addWidget(makePlots(), 5);
    column->addWidget(makeLog(), 4);
    connect(&second_, &QTimer::timeout, this, &RunView::showProgress);
    connect(&theme_, &Theme::changed, this, &RunView::fitWidth);
    showFit();
}

QWidget* RunView::makeProgress() {
    auto* card = new QFrame;
    card->setProperty("card", true);
    auto* column = new QVBoxLayout(card);
    column->setContentsMargins(16, 12, 16, 12);
    column->setSpacing(8);
    auto* top = new QHBoxLayout;
    top->setSpacing(16);
    top->addWidget(percent_);
    top->addWidget(place_, 1);
    top->addWidget(left_);
    left_->setToolTip(tr("Time since the start, and time left from the blocks that are finished: "
                         "their mean, plus or minus one standard deviation of the sum."));
    bar_->setRange(0, 1000);
    bar_->setTextVisible(false);
    bar_->setAccessibleName(tr("Progress of the run"));
    auto* low = new QHBoxLayout;
    low->addWidget(saved_, 1);
    low->addWidget(memory_);
    memory_->setToolTip(tr("Memory this program keeps resident now."));
    column->addLayout(top);
    column->addWidget(bar_);
    column->addLayout(low);
    return card;
}

QWidget* RunView::makeSteps() {
    for (const auto& [name, text] : steps()) {
        auto* row = new QHBoxLayout;
        auto* icon = new QLabel;
        icon->setFixedSize(20, 20);
        QLabel* words = label(tr(text), "secondary");
        words->setWordWrap(true);
        row->addWidget(icon);
        row->addWidget(words, 1);
        stepIcons_ << icon;
        stepTexts_ << words;
        stepsCard_->body()->addLayout(row);
    }
    stepsCard_->body()->addStretch();
    stepsCard_->setMinimumWidth(200);
    return stepsCard_;
}

QWidget* RunView::makePlots() {
    auto* box = new QWidget;
    plotsRow_ = new QBoxLayout(QBoxLayout::LeftToRight, box);
    plotsRow_->setContentsMargins(0, 0, 0, 0);
    plotsRow_->setSpacing(8);
    const auto arrow = [&](const char* icon, const QString& text, int step) {
        auto* button = new QToolButton;
        button->setFixedSize(24, 24);
        button->setAccessibleName(text);
        button->setToolTip(text);
        setThemedIcon(theme_, button, icon);
        connect(button, &QToolButton::clicked, this, [this, step] { stepChannel(step); });
        fitCard_->addTool(button);
    };
    arrow("chevron-left", tr("Channel before"), -1);
    arrow("chevron-right", tr("Next channel"), 1);
    addPlotTools(*fitCard_, *weights_, theme_);
    addPlotTools(*curveCard_, *curve_, theme_);
    weights_->setMinimumHeight(leastPlotHeight);
    fitCard_->body()->addWidget(weights_, 1);
    curveCard_->body()->addWidget(curve_, 1);
    numbers_->setWordWrap(true);
    curveCard_->body()->addWidget(numbers_);
    plotsRow_->addWidget(makeSteps(), 272);
    plotsRow_->addWidget(fitCard_, 584);
    plotsRow_->addWidget(curveCard_, 296);
    return box;
}

QWidget* RunView::makeLog() {
    auto* box = new QWidget;
    lowRow_ = new QBoxLayout(QBoxLayout::LeftToRight, box);
    lowRow_->setContentsMargins(0, 0, 0, 0);
    lowRow_->setSpacing(8);
    auto* mapCard = new Card(tr("Finished blocks"));
    mapCard->body()->addWidget(map_);
    mapCard->body()->addStretch();
    mapCard->setMinimumWidth(280);
    auto* logCard = new Card(tr("Log"));
    logCard->setDetail(tr("newest last"));
    auto* copy = new QPushButton(tr("Copy"));
    copy->setProperty("small", true);
    setThemedIcon(theme_, copy, "copy");
    logCard->addTool(copy);
    connect(copy, &QPushButton::clicked, this,
            [this] { QGuiApplication::clipboard()->setText(log_->toPlainText()); });
    log_->setReadOnly(true);
    log_->setMaximumBlockCount(logLines);
    log_->setAccessibleName(tr("Log of the run"));
    log_->setLineWrapMode(QPlainTextEdit::WidgetWidth);
    const auto font = [this] { log_->setFont(theme_.font(TextRole::fixed)); };
    connect(&theme_, &Theme::changed, log_, font);
    font();
    logCard->body()->addWidget(log_, 1);
    lowRow_->addWidget(mapCard, 360);
    lowRow_->addWidget(logCard, 800);
    return box;
}

void RunView::start(const QString& command) {
    fit_ = {};
    progress_ = {};
    paused_ = false;
    pause_->hide();
    log_->clear();
    map_->start(0);
    clock_.start();
    second_.start(1000);
    log(command);
    showProgress();
    showStep();
    showFit();
}

void RunView::hear(const std::vector<KeptEvent>& events) {
    bool moved = false;
    for (const KeptEvent& event : events) {
        progress_ = event.progress;
        if (event.moment) {
            fit_.hear(*event.moment);
            moved = true;
        }
        if (event.refined) {
            fit_.hear(*event.refined);
            moved = true;
        }
        if (event.finished)
            logBlock(*event.finished);
    }
    if (map_->reports().empty() && progress_.blocks > 0 && progress_.block <= 0)
        map_->start(progress_.blocks);
    map_->setCurrent(progress_.block);
    showProgress();
    showStep();
    if (moved)
        showFit();
}

void RunView::logBlock(const BlockReport& report) {
    if (map_->reports().empty())
        map_->start(progress_.blocks);
    map_->add(report);
    QStringList parts;
    for (const GroupReport& g : report.groups) {
        if (g.kept) {
            parts << tr("%1 in float").arg(groupName(g.kind));
            continue;
        }
        parts << QString("%1 %2").arg(groupName(g.kind), numberText(g.activationError, 3));
        if (g.activationError > errorToNotice)
            log(tr("Warning: block %1, %2: output error %3 is above %4. The run goes on.")
                    .arg(report.block)
                    .arg(groupName(g.kind), numberText(g.activationError, 3),
                         numberText(errorToNotice, 2)));
    }
    log(tr("Block %1 saved after %2: output error %3")
            .arg(report.block)
            .arg(durationText(report.seconds), parts.join(", ")));
}

void RunView::log(const QString& line) {
    log_->appendPlainText(QTime::currentTime().toString("HH:mm:ss") + "  " + line);
}

std::int64_t RunView::finishedBlocks() const {
    return std::max(static_cast<std::int64_t>(map_->reports().size()),
                    std::max<std::int64_t>(progress_.block, 0));
}

QString RunView::leftText() const {
    if (paused_)
        return tr("paused");
    if (progress_.etaSeconds < 0.0 || progress_.fraction < estimatingUntil)
        return tr("Estimating");
    QString text = tr("%1 left").arg(durationText(progress_.etaSeconds));
    if (progress_.etaSpreadSeconds >= 0.0)
        text += " ± " + durationText(progress_.etaSpreadSeconds);
    return text;
}

QString RunView::progressText() const {
    return tr("Quantizing, %1 %, %2").arg(numberText(100.0 * progress_.fraction, 0), leftText());
}

void RunView::showProgress() {
    percent_->setText(numberText(100.0 * progress_.fraction, 0) + " %");
    bar_->setValue(static_cast<int>(1000.0 * progress_.fraction));
    QString where = tr("Starting");
    if (progress_.phase == "calibrate")
        where = tr("Writing and reading the calibration text");
    else if (progress_.phase == "survey")
        where = tr("Finding where low rank is worth most");
    else if (progress_.phase == "fit" && progress_.block >= 0)
        where = tr("Block %1 of %2, %3")
                    .arg(progress_.block + 1)
                    .arg(progress_.blocks)
                    .arg(QString::fromStdString(progress_.step));
    else if (progress_.phase == "text")
        where = tr("Writing the training text");
    else if (progress_.phase == "reconstruct")
        where = tr("Training block %1 of %2 to the original's output")
                    .arg(progress_.block + 1)
                    .arg(progress_.blocks);
    else if (progress_.phase == "refine")
        where = tr("Training toward the original's answers");
    else if (progress_.phase == "activations")
        where = tr("Finding where activation bits are worth most");
    else if (progress_.phase == "write" || progress_.phase == "done")
        where = tr("Writing the model and checking its answers");
    place_->setText(where);
    left_->setText(
        tr("Elapsed %1 · %2")
            .arg(durationText(static_cast<double>(clock_.elapsed()) / 1000.0), leftText()));
    const std::int64_t saved = finishedBlocks();
    saved_->setText(saved == 0 ? tr("Every finished block is saved at once.")
                               : tr("Blocks saved: %1. You can close the window or lose power: the "
                                    "run resumes from here.")
                                     .arg(saved));
    memory_->setText(tr("Memory %1").arg(bytesText(residentBytes())));
}

void RunView::showStep() {
    const QString step = QString::fromStdString(progress_.step);
    const QString name = step.section(": ", 1);
    int now = -1;
    for (int i = 0; i < steps().size(); ++i)
        if (steps()[i].first == name)
            now = i;
    const bool fitting = progress_.phase == "fit" && progress_.block >= 0;
    stepsCard_->setDetail(
        fitting ? tr("block %1, %2").arg(progress_.block).arg(step.section(": ", 0, 0))
                : QString());
    const Tokens& t = theme_.tokens();
    for (int i = 0; i < stepIcons_.size(); ++i) {
        const char* icon = i < now ? "check" : i == now ? "play" : "";
        stepIcons_[i]->setPixmap(
            *icon == '\0' ? QPixmap()
                          : theme_.icon(icon, i < now ? t.ok.text : t.accent).pixmap(18, 18));
        stepTexts_[i]->setProperty("role", i == now ? "title" : "secondary");
        stepTexts_[i]->style()->unpolish(stepTexts_[i]);
        stepTexts_[i]->style()->polish(stepTexts_[i]);
    }
}

void RunView::showFit() {
    weights_->setData(fit_.weights());
    curve_->setData(fit_.curve());
    curveCard_->setTitle(fit_.curveTitle());
    fitCard_->setDetail(fit_.place());
    numbers_->setText(fit_.numbersText());
    numbers_->setToolTip(fit_.numbersHelp());
}

void RunView::setPaused(bool paused) {
    paused_ = paused;
    if (paused)
        pause_->show(Banner::Tone::warn, tr("Paused. Blocks saved: %1.").arg(finishedBlocks()),
                     tr("Nothing is lost. Space or Resume goes on."));
    else
        pause_->hide();
    log(paused ? tr("Paused") : tr("Resumed"));
    showProgress();
}

void RunView::stepChannel(int step) {
    fit_.setChannel(fit_.channel() + step);
    showFit();
}

void RunView::focusLog() {
    log_->setFocus(Qt::ShortcutFocusReason);
}

void RunView::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    fitWidth();
}

void RunView::fitWidth() {
    stepsCard_->setVisible(width() >= theme_.scaled(1000));
    curveCard_->setVisible(width() >= theme_.scaled(860));
}

} // namespace bwla::ui
