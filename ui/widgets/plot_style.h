// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/widgets/plot_data.h"

#include <QBrush>
#include <QPen>

namespace bwla::ui {

/// How a curve and its sample in the legend are drawn.
struct SeriesLook {
    QPen pen;
    QBrush brush; ///< NoBrush where the curve is not filled
};

[[nodiscard]] SeriesLook seriesLook(const PlotSeries& series, const Tokens& tokens);

/// A dash pattern given in pixels, as QPen wants it: in units of its width.
void setDashes(QPen& pen, const QVector<qreal>& pixels);

} // namespace bwla::ui
