// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/plot_overlay.h"

#include "ui/theme/theme.h"
#include "ui/widgets/number_text.h"
#include "ui/widgets/plot_canvas.h"

#include <QPainter>

#include <algorithm>
#include <cmath>

namespace bwla::ui {
namespace {

constexpr int padding = 8;
constexpr int columnGap = 16;
constexpr int fromLine = 12; // between cursor and box
constexpr double dotRadius = 3.5;
constexpr float selectionOpacity = 0.18F;

} // namespace

PlotOverlay::PlotOverlay(const Theme& theme, const PlotCanvas& canvas, const PlotCursor& cursor,
                         QWidget* parent)
    : QWidget(parent), theme_(theme), canvas_(canvas), cursor_(cursor) {
    setAttribute(Qt::WA_TransparentForMouseEvents);
    setFocusPolicy(Qt::NoFocus);
}

void PlotOverlay::setSelection(std::optional<QRect> pixels) {
    selection_ = pixels;
    update();
}

void PlotOverlay::setFocusRing(bool shown) {
    ring_ = shown;
    update();
}

/// x first, then a line a curve.
QList<std::pair<QString, QString>> PlotOverlay::lines() const {
    QList<std::pair<QString, QString>> all{{axisTitle_, shortNumber(cursor_.x())}};
    for (const PlotCursor::Reading& reading : cursor_.readings())
        all << std::pair(reading.name.isEmpty() ? tr("Value") : reading.name,
                         shortNumber(reading.value));
    return all;
}

QString PlotOverlay::readOut() const {
    if (!cursor_.active())
        return {};
    QStringList parts;
    for (const auto& [name, value] : lines())
        parts << name + ' ' + value;
    return parts.join(", ");
}

void PlotOverlay::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Tokens& t = theme_.tokens();
    if (ring_) {
        painter.setPen(QPen(t.accent, 2));
        painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), 4, 4);
    }
    if (selection_) {
        QColor fill = t.accent;
        fill.setAlphaF(selectionOpacity);
        painter.fillRect(*selection_, fill);
    }
    if (!cursor_.active())
        return;
    paintDots(painter);
    paintBox(painter);
}

void PlotOverlay::paintDots(QPainter& painter) const {
    const Tokens& t = theme_.tokens();
    const QRect area = canvas_.area();
    const double x = canvas_.pixelAt(cursor_.x(), 0.0).x();
    painter.setPen(QPen(t.accent, 1));
    painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()));
    if (map_) {
        const double y = canvas_.pixelAt(0.0, cursor_.row()).y();
        painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y));
        return;
    }
    for (const PlotCursor::Reading& reading : cursor_.readings()) {
        const QPointF dot = canvas_.pixelAt(cursor_.x(), reading.value);
        if (!std::isfinite(reading.value) || !area.contains(dot.toPoint()))
            continue;
        painter.setPen(QPen(t.surface, 1.5));
        painter.setBrush(seriesStyle(reading.series, t).colour);
        painter.drawEllipse(dot, dotRadius, dotRadius);
    }
}

void PlotOverlay::paintBox(QPainter& painter) const {
    const Tokens& t = theme_.tokens();
    painter.setFont(theme_.font(TextRole::tick));
    const QFontMetrics metrics(painter.font());
    const auto text = lines();
    int names = 0, values = 0;
    for (const auto& [name, value] : text) {
        names = std::max(names, metrics.horizontalAdvance(name));
        values = std::max(values, metrics.horizontalAdvance(value));
    }
    const int lineHeight = metrics.height() + 3;
    const QSize size(names + columnGap + values + 2 * padding,
                     static_cast<int>(text.size()) * lineHeight + 2 * padding - 3);
    const double x = canvas_.pixelAt(cursor_.x(), 0.0).x();
    const bool right = x < canvas_.area().center().x();
    const int left = static_cast<int>(x) + (right ? fromLine : -fromLine - size.width());
    const int free = std::max(0, width() - size.width());
    const QRect box(QPoint(std::clamp(left, 0, free), canvas_.area().top() + 6), size);
    painter.setPen(QPen(t.control, 1));
    painter.setBrush(t.raised);
    painter.drawRoundedRect(box, 4, 4);
    for (int i = 0; i < text.size(); ++i) {
        const QRect line(box.left() + padding, box.top() + padding + i * lineHeight,
                         size.width() - 2 * padding, metrics.height());
        painter.setPen(i == 0 ? t.text1 : t.text2);
        painter.drawText(line, Qt::AlignLeft | Qt::AlignVCenter, text[i].first);
        painter.setPen(t.text1);
        painter.drawText(line, Qt::AlignRight | Qt::AlignVCenter, text[i].second);
    }
}

} // namespace bwla::ui
