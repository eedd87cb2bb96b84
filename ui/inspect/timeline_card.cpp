// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/inspect/timeline_card.h"

#include "ui/inspect/inspect_plots.h"
#include "ui/theme/theme.h"
#include "ui/widgets/plot.h"

#include <QHBoxLayout>
#include <QSlider>
#include <QToolButton>

#include <cmath>

namespace bwla::ui {
namespace {

constexpr int playMilliseconds = 250;

QToolButton* tool(const QString& name) {
    auto* button = new QToolButton;
    button->setFixedSize(28, 24);
    button->setToolTip(name);
    button->setAccessibleName(name);
    return button;
}

} // namespace

TimelineCard::TimelineCard(Theme& theme, QWidget* parent)
    : Card(tr("Iteration timeline"), parent), theme_(theme), plot_(new Plot(theme)),
      slider_(new QSlider(Qt::Horizontal)), back_(tool(tr("Previous round ([)"))),
      play_(tool(tr("Play the rounds (P)"))), forward_(tool(tr("Next round (])"))),
      place_(label({}, "secondary")) {
    setDetail(tr("the histogram above follows the handle"));
    addPlotTools(*this, *plot_, theme);
    layOut();
    connect(back_, &QToolButton::clicked, this, [this] { step(-1); });
    connect(forward_, &QToolButton::clicked, this, [this] { step(1); });
    connect(play_, &QToolButton::clicked, this, &TimelineCard::togglePlay);
    connect(slider_, &QSlider::valueChanged, this, &TimelineCard::moved);
    connect(plot_, &Plot::pointChosen, this,
            [this](double x, double) { slider_->setValue(static_cast<int>(std::lround(x))); });
    connect(&theme, &Theme::changed, this, &TimelineCard::redraw);
    player_.setInterval(playMilliseconds);
    connect(&player_, &QTimer::timeout, this, [this] {
        if (slider_->value() == slider_->maximum())
            player_.stop();
        else
            slider_->setValue(slider_->value() + 1);
        redraw();
    });
    setRounds({});
}

void TimelineCard::layOut() {
    body()->addWidget(plot_, 1);
    auto* row = new QHBoxLayout;
    row->setSpacing(8);
    for (QToolButton* button : {back_, play_, forward_})
        row->addWidget(button);
    slider_->setAccessibleName(tr("Round of the fit"));
    row->addWidget(slider_, 1);
    place_->setMinimumWidth(fontMetrics().horizontalAdvance(tr("OKT round 20 of 20")) + 8);
    place_->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    row->addWidget(place_);
    body()->addLayout(row);
}

void TimelineCard::setRounds(const std::optional<FitRounds>& rounds) {
    const bool atEnd = round() < 0;
    const int place = slider_->value();
    rounds_ = rounds;
    player_.stop();
    const int count = rounds ? static_cast<int>(rounds->rounds.size()) : 0;
    {
        const QSignalBlocker quiet(slider_);
        slider_->setRange(0, count);
        slider_->setValue(atEnd ? count : std::min(place, count));
    }
    for (QWidget* control : {static_cast<QWidget*>(back_), static_cast<QWidget*>(play_),
                             static_cast<QWidget*>(forward_), static_cast<QWidget*>(slider_)})
        control->setEnabled(count > 0);
    redraw();
}

int TimelineCard::round() const {
    return slider_->value() == slider_->maximum() ? -1 : slider_->value();
}

void TimelineCard::step(int by) {
    slider_->setValue(slider_->value() + by);
}

void TimelineCard::togglePlay() {
    if (playing()) {
        player_.stop();
    } else if (slider_->maximum() > 0) {
        if (round() < 0)
            slider_->setValue(0);
        player_.start();
    }
    redraw();
}

void TimelineCard::moved() {
    redraw();
    Q_EMIT roundChosen();
}

void TimelineCard::redraw() {
    back_->setIcon(theme_.icon("chevron-left"));
    play_->setIcon(theme_.icon(playing() ? "pause" : "play"));
    forward_->setIcon(theme_.icon("chevron-right"));
    plot_->setData(timelinePlot(rounds_, slider_->value()));
    if (!rounds_ || rounds_->rounds.empty())
        place_->setText(tr("As stored"));
    else
        place_->setText(round() < 0
                            ? tr("As stored")
                            : tr("OKT round %1 of %2")
                                  .arg(rounds_->rounds[static_cast<std::size_t>(round())].round)
                                  .arg(rounds_->rounds.back().round));
}

} // namespace bwla::ui
