// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/inspect/activation_cards.h"

#include "ui/inspect/inspect_plots.h"
#include "ui/inspect/layer_metrics.h"
#include "ui/theme/theme.h"
#include "ui/widgets/colour_scale.h"
#include "ui/widgets/number_text.h"
#include "ui/widgets/plot.h"
#include "ui/widgets/themed_icon.h"

#include <QComboBox>
#include <QGridLayout>
#include <QMenu>
#include <QStackedWidget>
#include <QToolButton>

#include <algorithm>

namespace bwla::ui {
namespace {

double largest(const std::vector<float>& values) {
    return values.empty() ? 0.0 : double{*std::ranges::max_element(values)};
}

} // namespace

ActivationMapCard::ActivationMapCard(Theme& theme, QWidget* parent)
    : Card(tr("Activations"), parent), kind_(new QComboBox), pages_(new QStackedWidget),
      afterTitle_(label(tr("After the rotation"), "title")), beforeText_(label({}, "caption")),
      afterText_(label({}, "caption")), before_(new Plot(theme)), after_(new Plot(theme)),
      scale_(new ColourScale(theme)), maxima_(new Plot(theme)) {
    kind_->addItems({tr("Map"), tr("Maxima")});
    kind_->setProperty("small", true);
    kind_->setAccessibleName(tr("Show activations as"));
    kind_->setToolTip(tr("As a map of tokens and channels, or the largest |x| of every channel"));
    addTool(kind_);
    addTools(theme);
    auto* maps = new QWidget;
    auto* column = new QVBoxLayout(maps);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(2);
    const auto add = [&](QLabel* name, QLabel* text, Plot* plot) {
        auto* row = new QHBoxLayout;
        row->addWidget(name);
        row->addStretch();
        row->addWidget(text);
        text->setToolTip(words(LayerMetric::activationPeak).definition);
        column->addLayout(row);
        column->addWidget(plot, 1);
    };
    add(label(tr("Before"), "title"), beforeText_, before_);
    add(afterTitle_, afterText_, after_);
    column->addWidget(scale_);
    pages_->addWidget(maps);
    pages_->addWidget(maxima_);
    body()->addWidget(pages_, 1);
    connect(kind_, &QComboBox::currentIndexChanged, pages_, &QStackedWidget::setCurrentIndex);
}

/// As addPlotTools, for what is shown: two maps, or the maxima.
void ActivationMapCard::addTools(Theme& theme) {
    QToolButton* table = addTool({}, tr("Table of the values (T)"));
    QToolButton* write = addTool({}, tr("Export as PNG, PDF or CSV (E)"));
    setThemedIcon(theme, table, "table");
    setThemedIcon(theme, write, "export");
    table->setCheckable(true);
    connect(table, &QToolButton::toggled, this, [this](bool on) {
        for (Plot* plot : {before_, after_, maxima_})
            plot->showTable(on);
    });
    auto* menu = new QMenu(write);
    menu->addAction(tr("Map before the rotation…"), before_, &Plot::exportWithDialog);
    menu->addAction(tr("Map after the rotation…"), after_, &Plot::exportWithDialog);
    menu->addAction(tr("Maxima of the channels…"), maxima_, &Plot::exportWithDialog);
    connect(write, &QToolButton::clicked, menu,
            [menu, write] { menu->exec(write->mapToGlobal(write->rect().bottomLeft())); });
}

void ActivationMapCard::setLayer(const OpenedLayer& layer) {
    const auto& record = layer.activations;
    const double high = record ? mapScale(*record) : 1.0;
    before_->setData(activationMap(layer.id, record, true, high));
    after_->setData(activationMap(layer.id, record, false, high));
    maxima_->setData(maximaPlot(layer.id, record));
    after_->setVisible(record.has_value());
    afterTitle_->setVisible(record.has_value());
    scale_->setVisible(record.has_value());
    scale_->setScale("|x|", "0", tr("≥ %1").arg(shortNumber(high, 2)));
    const auto text = [](double peak) { return tr("max / RMS %1").arg(numberText(peak, 1)); };
    beforeText_->setText(record ? text(record->before.peakToRms) : QString());
    afterText_->setText(record ? text(record->after.peakToRms) : QString());
    setDetail(record ? tr("%1 tokens").arg(numberText(static_cast<double>(record->tokens), 0))
                     : QString());
}

TailCard::TailCard(Theme& theme, QWidget* parent)
    : Card(tr("Activation tails"), parent), plot_(new Plot(theme)), numbers_(new QWidget),
      peakBefore_(label({})), peakAfter_(label({}, "title")), largestBefore_(label({})),
      largestAfter_(label({}, "title")) {
    setDetail(tr("log scale"));
    addPlotTools(*this, *plot_, theme);
    body()->addWidget(plot_, 1);
    auto* grid = new QGridLayout(numbers_);
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setVerticalSpacing(2);
    grid->setColumnStretch(0, 1);
    grid->setHorizontalSpacing(16);
    const auto row = [&](int at, const QString& name, QLabel* before, QLabel* after,
                         const QString& meaning) {
        auto* title = label(name, "secondary");
        for (QLabel* cell : {title, before, after})
            cell->setToolTip(meaning);
        before->setAlignment(Qt::AlignRight);
        after->setAlignment(Qt::AlignRight);
        grid->addWidget(title, at, 0);
        grid->addWidget(before, at, 1);
        grid->addWidget(after, at, 2);
    };
    row(0, {}, label(tr("Before"), "caption"), label(tr("After"), "caption"), {});
    row(1, tr("Max / RMS of a token"), peakBefore_, peakAfter_,
        tr("Largest |x| of a token over its root mean square, mean over the calibration tokens. "
           "What "
           "6 bits must cover."));
    row(2, tr("Largest |x|"), largestBefore_, largestAfter_,
        tr("Largest absolute value of any channel over the calibration tokens."));
    body()->addWidget(numbers_);
}

void TailCard::setLayer(const OpenedLayer& layer) {
    const auto& record = layer.activations;
    plot_->setData(tailPlot(layer.id, record));
    numbers_->setVisible(record.has_value());
    if (!record)
        return;
    peakBefore_->setText(numberText(record->before.peakToRms, 1));
    peakAfter_->setText(numberText(record->after.peakToRms, 1));
    largestBefore_->setText(shortNumber(largest(record->before.channelMaxima), 3));
    largestAfter_->setText(shortNumber(largest(record->after.channelMaxima), 3));
}

} // namespace bwla::ui
