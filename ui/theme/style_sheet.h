// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

namespace bwla::ui {

class Theme;

/// The application's style sheet. Widgets choose a look by a dynamic property, never by colours of
/// their own: card=true on QFrame; kind = primary | quiet | destructive on buttons; role = title |
/// caption | name | big | secondary on QLabel; tone = ok | warn | bad | info on banners and chips.
[[nodiscard]] QString styleSheet(const Theme& theme);

} // namespace bwla::ui
