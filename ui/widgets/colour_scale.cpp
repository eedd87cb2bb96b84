// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/colour_scale.h"

#include "ui/theme/theme.h"
#include "ui/widgets/viridis.h"

#include <QPainter>

#include <algorithm>

namespace bwla::ui {
namespace {

constexpr double barHeight = 8.0;
constexpr double widest = 220.0;
constexpr double gap = 8.0;
constexpr int steps = 64;

} // namespace

ColourScale::ColourScale(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
    connect(&theme, &Theme::changed, this, [this] { update(); });
}

void ColourScale::setScale(const QString& name, const QString& low, const QString& high) {
    name_ = name;
    low_ = low;
    high_ = high;
    setAccessibleName(tr("Colours: %1 from %2 to %3").arg(name, low, high));
    update();
}

QSize ColourScale::sizeHint() const {
    return {160, QFontMetrics(theme_.font(TextRole::caption)).height() + 4};
}

void ColourScale::paint(QPainter& painter, const QRectF& line, const QString& low,
                        const QString& high) {
    const QFontMetrics metrics(painter.font());
    const double left = metrics.horizontalAdvance(low) + gap;
    const double right = metrics.horizontalAdvance(high) + gap;
    const double width = std::min(widest, line.width() - left - right);
    const double spare = line.width() - left - right - width;
    const QRectF bar(line.left() + left + spare / 2.0, line.center().y() - barHeight / 2.0, width,
                     barHeight);
    for (int i = 0; i < steps; ++i)
        painter.fillRect(
            QRectF(bar.left() + i * width / steps, bar.top(), width / steps + 1.0, barHeight),
            viridis((i + 0.5) / steps));
    painter.drawText(QRectF(line.left(), line.top(), bar.left() - line.left() - gap, line.height()),
                     Qt::AlignRight | Qt::AlignVCenter, low);
    painter.drawText(
        QRectF(bar.right() + gap, line.top(), line.right() - bar.right() - gap, line.height()),
        Qt::AlignLeft | Qt::AlignVCenter, high);
}

void ColourScale::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setFont(theme_.font(TextRole::caption));
    painter.setPen(theme_.tokens().text2);
    paint(painter, rect(), name_ + ' ' + low_, high_);
}

} // namespace bwla::ui
