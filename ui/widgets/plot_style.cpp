// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/plot_style.h"

namespace bwla::ui {
namespace {

constexpr double thinOutline = 1.2; // of the grey histogram behind the others
constexpr double liveFill = 0.2;    // where a series has no fill of its own

} // namespace

void setDashes(QPen& pen, const QVector<qreal>& pixels) {
    if (pixels.isEmpty())
        return;
    QVector<qreal> pattern;
    for (const qreal length : pixels)
        pattern << length / pen.widthF();
    pen.setDashPattern(pattern);
    pen.setCapStyle(Qt::FlatCap);
}

SeriesLook seriesLook(const PlotSeries& series, const Tokens& tokens) {
    const SeriesStyle style = seriesStyle(series.series, tokens);
    const bool thin = series.series == Series::original && series.shape == PlotShape::steps;
    SeriesLook look;
    look.pen = QPen(style.colour, thin ? thinOutline : style.width);
    look.pen.setJoinStyle(Qt::MiterJoin);
    setDashes(look.pen, style.dashes);
    if (series.filled) {
        QColor fill = style.colour;
        fill.setAlphaF(static_cast<float>(style.fill > 0.0 ? style.fill : liveFill));
        look.brush = fill;
    }
    return look;
}

} // namespace bwla::ui
