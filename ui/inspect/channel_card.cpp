// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/inspect/channel_card.h"

#include "ui/inspect/inspect_plots.h"
#include "ui/inspect/stage_table.h"
#include "ui/theme/theme.h"
#include "ui/widgets/number_text.h"
#include "ui/widgets/plot.h"

#include <QComboBox>
#include <QHeaderView>
#include <QPushButton>
#include <QSlider>
#include <QSpinBox>
#include <QTableView>

namespace bwla::ui {
namespace {

constexpr int pageStep = 64;
constexpr int stageRow = 24;

} // namespace

ChannelCard::ChannelCard(Theme& theme, QWidget* parent)
    : Card(tr("Weights"), parent), theme_(theme), plot_(new Plot(theme)), units_(new QComboBox),
      slider_(new QSlider(Qt::Horizontal)), number_(new QSpinBox), count_(label({}, "caption")),
      sentence_(label({}, "secondary")), stages_(new StageTable(theme, this)),
      table_(new QTableView) {
    units_->addItem(tr("Weights"));
    units_->addItem(tr("Levels"));
    units_->setToolTip(tr("Units of the axis: the weights' own, or those of the row's two stored "
                          "levels, which then stand at −1 and +1. U changes them."));
    units_->setAccessibleName(tr("Units of the histogram"));
    units_->setProperty("small", true);
    addTool(units_);
    addPlotTools(*this, *plot_, theme);
    layOut();
    connect(slider_, &QSlider::valueChanged, number_, &QSpinBox::setValue);
    connect(number_, &QSpinBox::valueChanged, slider_, &QSlider::setValue);
    connect(number_, &QSpinBox::valueChanged, this, &ChannelCard::channelChosen);
    connect(units_, &QComboBox::currentIndexChanged, this, &ChannelCard::channelChosen);
}

void ChannelCard::layOut() {
    body()->addWidget(plot_, 1);
    auto* row = new QHBoxLayout;
    row->setSpacing(12);
    auto* name = label(tr("Channel"), "secondary");
    row->addWidget(name);
    slider_->setAccessibleName(tr("Channel"));
    slider_->setPageStep(pageStep);
    slider_->setToolTip(tr("Output channel of the layer: Left and Right, Page Up and Page Down."));
    row->addWidget(slider_, 1);
    number_->setAccessibleName(tr("Number of the channel"));
    number_->setButtonSymbols(QAbstractSpinBox::NoButtons);
    number_->setAlignment(Qt::AlignRight);
    number_->setFixedWidth(64);
    row->addWidget(number_);
    row->addWidget(count_);
    auto* worst = new QPushButton(tr("Worst"));
    worst->setProperty("small", true);
    worst->setToolTip(tr("The channel whose stored row differs most from its original, W."));
    connect(worst, &QPushButton::clicked, this, &ChannelCard::worstWanted);
    row->addWidget(worst);
    body()->addLayout(row);

    table_->setModel(stages_);
    table_->setAccessibleName(tr("Numbers of the channel at every stage"));
    table_->setSelectionMode(QAbstractItemView::NoSelection);
    table_->setShowGrid(false);
    table_->setTabKeyNavigation(false);
    table_->verticalHeader()->hide();
    table_->verticalHeader()->setDefaultSectionSize(stageRow);
    table_->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
    table_->horizontalHeader()->setSectionResizeMode(0, QHeaderView::Stretch);
    table_->horizontalHeader()->setSectionsClickable(false);
    table_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    table_->setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    table_->setFixedHeight(4 * stageRow + 10);
    body()->addWidget(table_);
    sentence_->setWordWrap(true);
    sentence_->setToolTip(
        tr("Binarisation error before the rotation and after the low rank; error of the "
           "stored row: |w' − L − stored|² / |w'|², against the original."));
    sentence_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    body()->addWidget(sentence_);
}

void ChannelCard::setLayer(const OpenedLayer& layer) {
    const QSignalBlocker quietSlider(slider_), quietNumber(number_);
    slider_->setRange(0, static_cast<int>(layer.rows) - 1);
    number_->setRange(0, static_cast<int>(layer.rows) - 1);
    slider_->setValue(number_->value());
    count_->setText(tr("of %1").arg(numberText(static_cast<double>(layer.rows), 0)));
    setTitle(QString::fromStdString(layerName(layer.id)));
    detail_ = tr("%1 × %2").arg(layer.rows).arg(layer.cols);
    setDetail(detail_);
}

void ChannelCard::setChannel(const OpenedChannel& channel) {
    plot_->setData(channelPlot(channel));
    stages_->setChannel(channel);
    sentence_->setText(channelSentence(channel));
    setDetail(detail_);
}

void ChannelCard::choose(std::int64_t channel) {
    number_->setValue(static_cast<int>(channel));
}

std::int64_t ChannelCard::channel() const {
    return number_->value();
}

RowUnits ChannelCard::units() const {
    return units_->currentIndex() == 0 ? RowUnits::weight : RowUnits::levels;
}

void ChannelCard::toggleUnits() {
    units_->setCurrentIndex(1 - units_->currentIndex());
}

void ChannelCard::setReading() {
    setDetail(tr("Reading…"));
}

} // namespace bwla::ui
