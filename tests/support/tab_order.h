// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStringList>
#include <QWidget>

namespace bwla::test {

/// Widgets below `root` that Tab reaches now, in its order.
inline QList<QWidget*> tabStops(QWidget& root) {
    QList<QWidget*> stops;
    QWidget* widget = &root;
    do {
        const bool reached = (widget->focusPolicy() & Qt::TabFocus) == Qt::TabFocus &&
                             widget->isVisible() && widget->isEnabled() &&
                             widget->focusProxy() == nullptr;
        if (reached && root.isAncestorOf(widget))
            stops << widget;
        widget = widget->nextInFocusChain();
    } while (widget != &root && widget != nullptr);
    return stops;
}

/// "A to B" wherever Tab goes to a widget that stands above the one before, in the same column, or
/// to its left in the same row.
inline QStringList tabsBackwards(QWidget& root) {
    QStringList found;
    const QList<QWidget*> stops = tabStops(root);
    const auto place = [&](const QWidget* widget) {
        return QRect(widget->mapTo(&root, QPoint(0, 0)), widget->size());
    };
    const auto name = [](const QWidget* widget) {
        return QString(widget->metaObject()->className()) + " " + widget->accessibleName();
    };
    for (qsizetype i = 1; i < stops.size(); ++i) {
        const QRect from = place(stops[i - 1]), to = place(stops[i]);
        const bool sameColumn = from.left() < to.right() && to.left() < from.right();
        const bool sameRow = from.top() < to.bottom() && to.top() < from.bottom();
        if ((sameColumn && to.bottom() <= from.top()) ||
            (sameRow && !sameColumn && to.right() <= from.left()))
            found << name(stops[i - 1]) + " to " + name(stops[i]);
    }
    return found;
}

} // namespace bwla::test
