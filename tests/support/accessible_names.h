// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QAccessible>
#include <QStringList>
#include <QWidget>

namespace bwla::test {

/// "ClassName objectName in ParentClass" of every widget below `root` that Tab reaches and that a
/// screen reader would have no name for.
inline QStringList unnamedWidgets(const QWidget& root) {
    QStringList found;
    for (QWidget* widget : root.findChildren<QWidget*>()) {
        const bool reached = (widget->focusPolicy() & Qt::TabFocus) != 0;
        if (!reached || widget->focusProxy() != nullptr ||
            widget->objectName().startsWith("qt_") || // parts of a composed widget of Qt
            widget->inherits("QComboBoxListView"))    // the combo box speaks for its popup
            continue;
        QAccessibleInterface* spoken = QAccessible::queryAccessibleInterface(widget);
        if (spoken == nullptr || spoken->text(QAccessible::Name).trimmed().isEmpty())
            found << QString("%1 %2 in %3")
                         .arg(widget->metaObject()->className(), widget->objectName(),
                              widget->parentWidget()->metaObject()->className());
    }
    return found;
}

} // namespace bwla::test
