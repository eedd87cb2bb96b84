// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a Plot shows, as plain values: made by a controller, compared and tested without a window.
#pragma once

#include "ui/theme/tokens.h"

#include <QList>
#include <QPointF>
#include <QString>

#include <optional>
#include <utility>
#include <vector>

namespace bwla::ui {

enum class PlotShape : std::uint8_t {
    line,
    steps, ///< a histogram: x are the centres of equal bins
};

/// One curve. Its look (colour, dash, marker) follows from `series`, never chosen by a page.
struct PlotSeries {
    QString name; ///< in the legend, read-out and table; unique within a plot
    Series series = Series::original;
    PlotShape shape = PlotShape::line;
    std::vector<double> x; ///< ascending
    std::vector<double> y; ///< same size; NaN = a gap
    bool filled = false;
};

struct PlotAxis {
    QString title; ///< with its unit
    bool log = false;
    std::optional<std::pair<double, double>> range; ///< otherwise that of the data
};

/// A dashed vertical with a label above the plot.
struct PlotMark {
    double x = 0.0;
    QString label;
};

/// A matrix as colours (viridis), row 0 on top. Axes count rows and columns from 0.
struct PlotMap {
    int rows = 0;
    int cols = 0;
    std::vector<float> values; ///< rows * cols, row-major
    double low = 0.0;          ///< darkest
    double high = 1.0;         ///< brightest
};

/// Curves or a map, never both.
struct PlotData {
    QString title; ///< for exports: layer, channel, run
    PlotAxis x, y;
    QList<PlotSeries> series;
    QList<PlotMark> marks;
    std::optional<PlotMap> map;
    std::optional<QPointF> handle; ///< a ring: where the page stands
    QString summary; ///< accessible name, a sentence: "Weights of layer 11: two peaks at ±0.092."
    QString emptyText; ///< in the middle of the axes while there is nothing to draw

    [[nodiscard]] bool empty() const { return series.isEmpty() && !map; }
};

} // namespace bwla::ui
