// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/humps.h"

#include "ui/theme/theme.h"

#include <QPainter>
#include <QPainterPath>

#include <cmath>

namespace bwla::ui {
namespace {

constexpr int points = 120;

/// Equal mixture of two normal densities at +-c, on -3 .. 3, highest value 1.
double mixture(double x, double c, double s) {
    const auto bell = [&](double centre) { return std::exp(-0.5 * std::pow((x - centre) / s, 2)); };
    return c > 0.0 ? bell(c) + bell(-c) : bell(0.0);
}

void drawDensity(QPainter& painter, const QRectF& box, double c, double s, const QColor& colour,
                 const QColor& axis) {
    QPainterPath line;
    for (int i = 0; i <= points; ++i) {
        const double share = static_cast<double>(i) / points;
        const QPointF point(box.left() + share * box.width(),
                            box.bottom() - mixture(-3.0 + 6.0 * share, c, s) * box.height());
        if (i == 0)
            line.moveTo(point);
        else
            line.lineTo(point);
    }
    QPainterPath area = line;
    area.lineTo(box.bottomRight());
    area.lineTo(box.bottomLeft());
    QColor fill = colour;
    fill.setAlphaF(0.2F);
    painter.fillPath(area, fill);
    painter.setPen(QPen(axis, 1));
    painter.drawLine(box.bottomLeft(), box.bottomRight());
    painter.setPen(QPen(colour, 2.4));
    painter.drawPath(line);
}

} // namespace

Humps::Humps(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
    setFixedHeight(136);
    setMaximumWidth(560);
    setAccessibleName(tr("Drawing: one bell becomes two"));
    connect(&theme_, &Theme::changed, this, [this] { update(); });
}

void Humps::paintEvent(QPaintEvent*) {
    const Tokens& t = theme_.tokens();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const double side = width() * 0.42;
    drawDensity(painter, QRectF(0, 8, side, height() - 16), 0.0, 0.75,
                seriesStyle(Series::original, t).colour, t.control);
    drawDensity(painter, QRectF(width() - side, 8, side, height() - 16), 0.9, 0.33,
                seriesStyle(Series::quantized, t).colour, t.control);
    painter.setPen(QPen(t.accent, 3, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    const QPointF tip(width() / 2.0 + 20, height() / 2.0 + 16);
    painter.drawLine(tip - QPointF(40, 0), tip);
    painter.drawPolyline(QPolygonF{tip - QPointF(10, 9), tip, tip - QPointF(10, -9)});
}

} // namespace bwla::ui
