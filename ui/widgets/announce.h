// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

class QString;
class QWidget;

namespace bwla::ui {

/// Lets screen readers say `text` without moving the focus. Qt 6.8 has an event for it; before, the
/// widget gets it as its accessible description and tells that this changed, which Orca says.
void announce(QWidget& widget, const QString& text);

} // namespace bwla::ui
