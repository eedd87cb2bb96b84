// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/inspect/record_now.h"

#include "ui/widgets/banner.h"
#include "ui/widgets/card.h"
#include "ui/widgets/numbers.h"

#include <QHBoxLayout>
#include <QProgressBar>
#include <QPushButton>

namespace bwla::ui {
namespace {

constexpr int steps = 1000; ///< of the progress bar

struct Step {
    QString phase;
    double fraction = 0.0;
};

} // namespace

RecordNow::RecordNow(Theme& theme, QWidget* parent)
    : QWidget(parent), start_(new QPushButton(tr("Record now"))),
      cancel_(new QPushButton(tr("Cancel"))), progress_(new QProgressBar),
      phase_(label({}, "caption")), problem_(new Banner(theme)) {
    start_->setToolTip(tr("Lets the original write 256 tokens, reads them with the quantized model "
                          "and keeps what goes into every layer: its largest values, maps and "
                          "tails. Takes seconds for a small model."));
    progress_->setRange(0, steps);
    progress_->setTextVisible(false);
    progress_->setAccessibleName(tr("Progress of recording activations"));
    auto* row = new QHBoxLayout;
    row->setSpacing(8);
    row->addWidget(start_);
    row->addWidget(phase_);
    row->addWidget(progress_, 1);
    row->addWidget(cancel_);
    row->addStretch();
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addLayout(row);
    column->addWidget(problem_);
    connect(start_, &QPushButton::clicked, this, &RecordNow::start);
    connect(cancel_, &QPushButton::clicked, &bridge_, &JobBridge::stop);
    connect(&bridge_, &JobBridge::runningChanged, this, &RecordNow::redraw);
    problem_->hide();
    redraw();
}

void RecordNow::setModel(const RecordActivationsSettings& settings) {
    if (bridge_.running())
        bridge_.stop();
    settings_ = settings;
    problem_->hide();
    setMissing(false);
}

void RecordNow::setMissing(bool missing) {
    missing_ = missing;
    redraw();
}

void RecordNow::redraw() {
    const bool running = bridge_.running();
    start_->setVisible(!running);
    for (QWidget* part : {static_cast<QWidget*>(cancel_), static_cast<QWidget*>(progress_),
                          static_cast<QWidget*>(phase_)})
        part->setVisible(running);
    setVisible(missing_ || running);
}

void RecordNow::start() {
    problem_->hide();
    progress_->setValue(0);
    bridge_.start<RecordActivationsSettings, RecordActivationsEvent, RecordActivationsResult, Step>(
        std::make_shared<RecordActivationsJob>([] { return makeCpuBackend(); }), settings_,
        [](const RecordActivationsEvent& event) {
            return Step{QString::fromStdString(event.progress.phase), event.progress.fraction};
        },
        [this](const std::vector<Step>& events) {
            const Step& last = events.back();
            phase_->setText(last.phase == "write" ? tr("The original writes a text")
                                                  : tr("The quantized model reads it"));
            progress_->setValue(static_cast<int>(steps * last.fraction));
        },
        [this, artifact = settings_.artifact](const Outcome<RecordActivationsResult>& outcome) {
            if (artifact == settings_.artifact)
                finish(outcome);
        });
}

void RecordNow::finish(const Outcome<RecordActivationsResult>& outcome) {
    if (outcome.error)
        problem_->show(Banner::Tone::bad, tr("Not recorded."), errorText(*outcome.error));
    else if (outcome.result)
        Q_EMIT recorded();
}

} // namespace bwla::ui
