// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/widgets/plot_data.h"

#include <QRect>
#include <QSet>

#include <utility>

class QCPAxis;
class QCPColorMap;
class QCustomPlot;
class QPaintDevice;
class QWidget;

namespace bwla::ui {

class PlotLegend;
class Theme;

/// PlotData drawn by QCustomPlot in the theme's colours: the only user of that library, whose
/// header takes seconds to compile.
class PlotCanvas {
public:
    /// `parent` owns the widget.
    PlotCanvas(const Theme& theme, QWidget* parent);

    [[nodiscard]] QWidget* widget() const;
    void draw(const PlotData& data, const QSet<QString>& hidden);
    /// Only the curves' values and the handle: for a morph's frames.
    void redrawValues(const PlotData& data);
    void applyTheme();

    /// The x range that is seen; `whole` that of the data.
    void zoomTo(std::pair<double, double> range);
    [[nodiscard]] std::pair<double, double> view() const;
    [[nodiscard]] std::pair<double, double> whole() const { return whole_; }

    // Between data and pixels of widget().
    [[nodiscard]] double xAt(double pixel) const;
    [[nodiscard]] double yAt(double pixel) const;
    [[nodiscard]] QPointF pixelAt(double x, double y) const;
    [[nodiscard]] QRect area() const; ///< inside the axes

    /// Title, legend and plot at `size` logical pixels, on a device of `scale` dots a pixel.
    void paint(QPaintDevice& device, QSize size, double scale, const QString& title,
               const PlotLegend& legend);

private:
    void applyTheme(QCPAxis& axis);
    void drawSeries(const PlotData& data, const QSet<QString>& hidden);
    void drawMap(const PlotMap& map);
    void drawMarks(const PlotData& data);
    void drawEmptyText(const QString& text);
    void setRanges(const PlotData& data, const QSet<QString>& hidden);

    const Theme& theme_;
    QCustomPlot* plot_;
    std::pair<double, double> whole_{0.0, 1.0};
    bool zoomed_ = false;
};

} // namespace bwla::ui
