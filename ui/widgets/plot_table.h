// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/widgets/plot_data.h"

#include <QAbstractTableModel>

namespace bwla::ui {

/// The values of a plot as a table: x, then a column a curve (empty where a curve has no point at
/// that x); of a map its rows and columns.
class PlotTable : public QAbstractTableModel {
    Q_OBJECT

public:
    using QAbstractTableModel::QAbstractTableModel;
    void setData(const PlotData& data);
    using QAbstractTableModel::setData;

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation,
                                      int role) const override;
    /// Comma-separated, a point as the decimal sign, enough digits to read the values back; the
    /// title, if any, as a first line that starts with '#'.
    [[nodiscard]] QString csv(const QString& title) const;

private:
    [[nodiscard]] double value(int row, int column) const; ///< NaN = empty

    PlotData data_;
    std::vector<double> x_;
};

} // namespace bwla::ui
