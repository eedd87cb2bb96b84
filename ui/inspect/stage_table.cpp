// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/inspect/stage_table.h"

#include "ui/inspect/inspect_plots.h"
#include "ui/theme/theme.h"
#include "ui/widgets/number_text.h"
#include "ui/widgets/plot_style.h"

#include <QPainter>
#include <QPixmap>

namespace bwla::ui {
namespace {

enum Column { stageColumn, ratioColumn, peaksColumn, kurtosisColumn, errorColumn, columns };

constexpr int swatchWidth = 18;

QPixmap swatch(Series series, const Tokens& tokens) {
    QPixmap pixmap(QSize(swatchWidth, 10) * 2);
    pixmap.setDevicePixelRatio(2.0);
    pixmap.fill(Qt::transparent);
    QPainter painter(&pixmap);
    painter.setPen(seriesLook({{}, series, PlotShape::line, {}, {}, false}, tokens).pen);
    painter.drawLine(QPointF(0, 5), QPointF(swatchWidth, 5));
    return pixmap;
}

} // namespace

StageTable::StageTable(Theme& theme, QObject* parent) : QAbstractTableModel(parent), theme_(theme) {
    connect(&theme, &Theme::changed, this, [this] {
        if (!stages_.empty())
            Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, 0));
    });
}

void StageTable::setChannel(const OpenedChannel& channel) {
    beginResetModel();
    channel_ = channel.view.channel;
    stages_ = {{tr("Original"), Series::original, channel.view.original}};
    if (channel.kept) {
        // the original is what is stored
    } else if (channel.round) {
        stages_.push_back({tr("During OKT"), Series::afterOkt, channel.round});
        stages_.push_back({lastStage(channel.refined), Series::afterPsp, {}});
    } else {
        stages_.push_back({tr("After OKT"), Series::afterOkt, channel.view.rotated});
        stages_.push_back({lastStage(channel.refined), Series::afterPsp, channel.view.residual});
    }
    endResetModel();
}

int StageTable::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(stages_.size());
}

int StageTable::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(columns);
}

QString StageTable::cell(const StageView& view, int column) const {
    switch (column) {
    case ratioColumn:
        return view.mixture.s > 0.0 ? numberText(view.mixture.c / view.mixture.s, 2)
                                    : QString(QChar(0x2013));
    case peaksColumn:
        return view.mixture.bimodal() ? tr("two") : tr("one");
    case kurtosisColumn:
        return numberText(view.kurtosis, 2);
    default:
        return numberText(view.binarisationError, 3);
    }
}

QVariant StageTable::data(const QModelIndex& index, int role) const {
    const Stage& stage = stages_[static_cast<std::size_t>(index.row())];
    if (role == Qt::TextAlignmentRole)
        return QVariant((index.column() == stageColumn ? Qt::AlignLeft : Qt::AlignRight) |
                        Qt::AlignVCenter);
    if (role == Qt::ToolTipRole)
        return headerData(index.column(), Qt::Horizontal, role);
    if (index.column() == stageColumn) {
        if (role == Qt::DecorationRole)
            return swatch(stage.series, theme_.tokens());
        return role == Qt::DisplayRole ? QVariant(stage.name) : QVariant();
    }
    if (role == Qt::FontRole && index.column() == errorColumn && index.row() == rowCount() - 1)
        return theme_.font(TextRole::cardTitle);
    if (role != Qt::DisplayRole)
        return {};
    return stage.view ? cell(*stage.view, index.column()) : QString(QChar(0x2013));
}

QVariant StageTable::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal)
        return {};
    const QStringList names{tr("Channel %1").arg(channel_), tr("c / s"), tr("Peaks"),
                            tr("Kurtosis"), tr("Binarisation")};
    const QStringList meanings{
        tr("One output channel: a row of the layer's weights. Original w; after OKT w' = w (R')⁻¹ "
           "with "
           "the stored rotation; after PSP w' minus the stored low rank."),
        tr("c / s: a mixture of two equal bells at −c and +c, each of width s, is fitted to the "
           "row by "
           "maximum likelihood. The larger, the further apart the two are."),
        tr("Peaks: the fitted mixture has two peaks exactly where c > s."),
        tr("Kurtosis: fourth moment over squared variance. 3 = bell, 1 = two spikes."),
        tr("Binarisation error: share of the energy of the weights lost by signs and one scale a "
           "row, "
           "|w − a sign w|² / |w|² at the best a. 0.363 for a bell.")};
    if (role == Qt::DisplayRole)
        return names[section];
    if (role == Qt::ToolTipRole)
        return meanings[section];
    if (role == Qt::TextAlignmentRole)
        return QVariant((section == stageColumn ? Qt::AlignLeft : Qt::AlignRight) |
                        Qt::AlignVCenter);
    return {};
}

} // namespace bwla::ui
