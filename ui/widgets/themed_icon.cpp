// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/themed_icon.h"

#include "ui/theme/theme.h"

#include <QAbstractButton>
#include <QLabel>

namespace bwla::ui {
namespace {

template<class Widget, class Draw>
void follow(Theme& theme, Widget* widget, const QString& name, const ColourOf& colour, Draw draw) {
    const auto redraw = [&theme, widget, name, colour, draw] {
        draw(widget, theme.icon(name, colour ? colour(theme.tokens()) : QColor()));
    };
    QObject::connect(&theme, &Theme::changed, widget, redraw);
    redraw();
}

} // namespace

void setThemedIcon(Theme& theme, QAbstractButton* button, const QString& name,
                   const ColourOf& colour) {
    follow(theme, button, name, colour,
           [](QAbstractButton* target, const QIcon& icon) { target->setIcon(icon); });
}

void setThemedIcon(Theme& theme, QLabel* label, const QString& name, int size,
                   const ColourOf& colour) {
    follow(theme, label, name, colour, [size](QLabel* target, const QIcon& icon) {
        target->setPixmap(icon.pixmap(size, size));
    });
}

} // namespace bwla::ui
