// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QLabel>
#include <QPushButton>
#include <QStringList>

namespace bwla::test {

/// Labels and push buttons in view below `root` whose words do not fit: narrower than they need,
/// or reaching over the side of what they stand in. Words that wrap or are elided on purpose (a
/// label whose width is ignored) are not meant.
inline QStringList cutWidgets(const QWidget& root) {
    QStringList found;
    for (const QWidget* widget : root.findChildren<QWidget*>()) {
        const auto* label = qobject_cast<const QLabel*>(widget);
        const auto* button = qobject_cast<const QPushButton*>(widget);
        const bool words = (label != nullptr && !label->text().isEmpty() && !label->wordWrap() &&
                            label->sizePolicy().horizontalPolicy() != QSizePolicy::Ignored) ||
                           (button != nullptr && !button->text().isEmpty());
        if (!words || !widget->isVisible())
            continue;
        bool cut = widget->width() < widget->minimumSizeHint().width();
        for (const QWidget* around = widget->parentWidget(); around != nullptr && around != &root;
             around = around->parentWidget()) {
            const int left = widget->mapTo(around, QPoint(0, 0)).x();
            cut = cut || left < 0 || left + widget->width() > around->width();
        }
        if (cut)
            found << QString("%1 \"%2\"")
                         .arg(widget->metaObject()->className(),
                              label != nullptr ? label->text() : button->text());
    }
    return found;
}

} // namespace bwla::test
