// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/announce.h"

#include <QAccessible>
#include <QWidget>

namespace bwla::ui {

void announce(QWidget& widget, const QString& text) {
#if QT_VERSION >= QT_VERSION_CHECK(6, 8, 0)
    QAccessibleAnnouncementEvent event(&widget, text);
#else
    widget.setAccessibleDescription(text);
    QAccessibleEvent event(&widget, QAccessible::DescriptionChanged);
#endif
    QAccessible::updateAccessibility(&event);
}

} // namespace bwla::ui
