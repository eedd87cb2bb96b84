// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/plot_legend.h"

#include "ui/theme/theme.h"
#include "ui/widgets/plot_style.h"

#include <QFontMetrics>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>

#include <algorithm>

namespace bwla::ui {
namespace {

constexpr int sampleWidth = 20;
constexpr int sampleGap = 6;
constexpr int entryGap = 14;
constexpr double hiddenOpacity = 0.4;

} // namespace

PlotLegend::PlotLegend(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
    setFocusPolicy(Qt::TabFocus);
    setToolTip(tr("Click a name to hide or show its curve. Keys: arrows, then Space."));
    connect(&theme, &Theme::changed, this, [this] { updateGeometry(); });
}

void PlotLegend::setSeries(const QList<PlotSeries>& series, const QSet<QString>& hidden) {
    series_ = series;
    hidden_ = hidden;
    current_ = std::clamp(current_, 0, std::max(0, static_cast<int>(series.size()) - 1));
    QStringList names;
    for (const PlotSeries& s : series)
        names << (hidden.contains(s.name) ? tr("%1 (hidden)").arg(s.name) : s.name);
    setAccessibleName(tr("Legend: %1").arg(names.join(", ")));
    setVisible(series.size() > 1);
    updateGeometry();
    update();
}

QSize PlotLegend::sizeHint() const {
    const QFontMetrics metrics(theme_.font(TextRole::caption));
    int width = 0;
    for (const PlotSeries& s : series_)
        width += sampleWidth + sampleGap + metrics.horizontalAdvance(s.name) + entryGap;
    return {width, metrics.height() + 4};
}

QSize PlotLegend::minimumSizeHint() const {
    return {0, sizeHint().height()};
}

QList<QRect> PlotLegend::entries(const QRect& area) const {
    const QFontMetrics metrics(theme_.font(TextRole::caption));
    int x = area.left() + std::max(0, (area.width() - sizeHint().width() + entryGap) / 2);
    QList<QRect> boxes;
    for (const PlotSeries& s : series_) {
        const int width = sampleWidth + sampleGap + metrics.horizontalAdvance(s.name);
        boxes << QRect(x, area.top(), width, metrics.height() + 4);
        x += width + entryGap;
    }
    return boxes;
}

void PlotLegend::paint(QPainter& painter, const QRect& area) const {
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setFont(theme_.font(TextRole::caption));
    const QList<QRect> boxes = entries(area);
    for (int i = 0; i < boxes.size(); ++i) {
        const QRect& box = boxes[i];
        const bool hidden = hidden_.contains(series_[i].name);
        painter.setOpacity(hidden ? hiddenOpacity : 1.0);
        paintSample(painter, box, series_[i]);
        painter.setPen(theme_.tokens().text2);
        const QRect text = box.adjusted(sampleWidth + sampleGap, 0, 2, 0);
        painter.drawText(text, Qt::AlignLeft | Qt::AlignVCenter, series_[i].name);
        if (hidden)
            painter.drawLine(text.left(), text.center().y(), text.right(), text.center().y());
    }
    painter.setOpacity(1.0);
}

void PlotLegend::paintSample(QPainter& painter, const QRect& entry,
                             const PlotSeries& series) const {
    const QRectF sample(entry.left(), entry.center().y() - 4, sampleWidth, 9);
    const SeriesLook look = seriesLook(series, theme_.tokens());
    if (look.brush.style() != Qt::NoBrush)
        painter.fillRect(sample, look.brush);
    painter.setPen(look.pen);
    const double y = series.shape == PlotShape::steps && look.brush.style() != Qt::NoBrush
                         ? sample.top() + 0.5
                         : sample.center().y();
    painter.drawLine(QPointF(sample.left(), y), QPointF(sample.right(), y));
}

void PlotLegend::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    paint(painter, rect());
    if (!hasFocus() || series_.isEmpty())
        return;
    painter.setPen(QPen(theme_.tokens().accent, 2));
    painter.setBrush(Qt::NoBrush);
    painter.drawRoundedRect(entries(rect())[current_].adjusted(-3, 1, 4, -1), 4, 4);
}

void PlotLegend::mousePressEvent(QMouseEvent* event) {
    const QList<QRect> boxes = entries(rect());
    for (int i = 0; i < boxes.size(); ++i)
        if (boxes[i].contains(event->position().toPoint()))
            Q_EMIT toggled(series_[i].name);
}

void PlotLegend::keyPressEvent(QKeyEvent* event) {
    const auto count = static_cast<int>(series_.size());
    if (count == 0)
        return QWidget::keyPressEvent(event);
    switch (event->key()) {
    case Qt::Key_Left:
    case Qt::Key_Right:
        current_ = (current_ + (event->key() == Qt::Key_Left ? count - 1 : 1)) % count;
        update();
        return;
    case Qt::Key_Space:
    case Qt::Key_Return:
        Q_EMIT toggled(series_[current_].name);
        return;
    default:
        QWidget::keyPressEvent(event);
    }
}

} // namespace bwla::ui
