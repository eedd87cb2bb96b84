// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/plot_table.h"

#include "ui/widgets/number_text.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace bwla::ui {
namespace {

constexpr int shownDigits = 6;
constexpr int writtenDigits = 9; // enough for every float

QString csvText(const QString& text) {
    static const QChar quote('"');
    if (!text.contains(',') && !text.contains(quote))
        return text;
    return quote + QString(text).replace(quote, QString(2, quote)) + quote;
}

} // namespace

void PlotTable::setData(const PlotData& data) {
    beginResetModel();
    data_ = data;
    x_.clear();
    for (const PlotSeries& series : data_.series)
        x_.insert(x_.end(), series.x.begin(), series.x.end());
    std::ranges::sort(x_);
    const auto repeated = std::ranges::unique(x_);
    x_.erase(repeated.begin(), repeated.end());
    endResetModel();
}

int PlotTable::rowCount(const QModelIndex& parent) const {
    if (parent.isValid())
        return 0;
    return data_.map ? data_.map->rows : static_cast<int>(x_.size());
}

int PlotTable::columnCount(const QModelIndex& parent) const {
    if (parent.isValid())
        return 0;
    return data_.map ? data_.map->cols : static_cast<int>(data_.series.size()) + 1;
}

double PlotTable::value(int row, int column) const {
    if (data_.map)
        return data_.map
            ->values[static_cast<std::size_t>(row) * static_cast<std::size_t>(data_.map->cols) +
                     static_cast<std::size_t>(column)];
    const double x = x_[static_cast<std::size_t>(row)];
    if (column == 0)
        return x;
    const PlotSeries& series = data_.series[column - 1];
    const auto at = std::ranges::lower_bound(series.x, x);
    return at != series.x.end() && *at == x
               ? series.y[static_cast<std::size_t>(at - series.x.begin())]
               : std::numeric_limits<double>::quiet_NaN();
}

QVariant PlotTable::data(const QModelIndex& index, int role) const {
    if (role == Qt::TextAlignmentRole)
        return QVariant(Qt::AlignRight | Qt::AlignVCenter);
    if (role != Qt::DisplayRole)
        return {};
    const double number = value(index.row(), index.column());
    return std::isnan(number) ? QString() : shortNumber(number, shownDigits);
}

QVariant PlotTable::headerData(int section, Qt::Orientation orientation, int role) const {
    if (role != Qt::DisplayRole)
        return {};
    if (data_.map || orientation == Qt::Vertical)
        return section;
    return section == 0 ? data_.x.title : data_.series[section - 1].name;
}

QString PlotTable::csv(const QString& title) const {
    QString text = title.isEmpty() ? QString() : "# " + title + '\n';
    QStringList cells;
    for (int column = 0; column < columnCount(); ++column)
        cells << csvText(headerData(column, Qt::Horizontal, Qt::DisplayRole).toString());
    text += cells.join(',') + '\n';
    for (int row = 0; row < rowCount(); ++row) {
        cells.clear();
        for (int column = 0; column < columnCount(); ++column) {
            const double number = value(row, column);
            cells << (std::isnan(number) ? QString() : QString::number(number, 'g', writtenDigits));
        }
        text += cells.join(',') + '\n';
    }
    return text;
}

} // namespace bwla::ui
