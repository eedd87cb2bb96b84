// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/widgets/plot_data.h"

#include <QSet>

namespace bwla::ui {

/// The reading position in a plot: always on a data point of one visible curve, or on a cell of a
/// map. Pure values; Plot draws it.
class PlotCursor {
public:
    /// One line of the read-out.
    struct Reading {
        QString name;
        double value = 0.0; ///< NaN where that curve has no point here
        Series series = Series::original;
    };

    /// Keeps its place where it still exists.
    void setData(const PlotData& data, const QSet<QString>& hidden);
    [[nodiscard]] bool active() const { return active_; }
    void clear() { active_ = false; }

    void moveTo(double x, double y); ///< the nearest point; y chooses a map's row
    void step(int points);           ///< along the curve, or along a map's row
    void toEnd(bool last);
    void changeSeries(int by); ///< next visible curve, or next row of a map

    [[nodiscard]] double x() const;
    [[nodiscard]] int row() const { return row_; } ///< of a map
    /// The current curve first in no case: in the order of the data.
    [[nodiscard]] QList<Reading> readings() const;
    /// Name and value of the current curve.
    [[nodiscard]] Reading current() const;

private:
    [[nodiscard]] const PlotSeries* series() const;
    [[nodiscard]] int points() const;

    PlotData data_;
    QSet<QString> hidden_;
    bool active_ = false;
    int series_ = 0;
    int index_ = 0;
    int row_ = 0;
};

} // namespace bwla::ui
