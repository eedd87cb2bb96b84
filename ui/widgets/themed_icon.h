// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QColor>
#include <QString>

#include <functional>

class QAbstractButton;
class QLabel;

namespace bwla::ui {

class Theme;
struct Tokens;

/// Which of the theme's colours; empty = text2.
using ColourOf = std::function<QColor(const Tokens&)>;

/// Icons that follow the theme for as long as the widget lives.
void setThemedIcon(Theme& theme, QAbstractButton* button, const QString& name,
                   const ColourOf& colour = {});
void setThemedIcon(Theme& theme, QLabel* label, const QString& name, int size,
                   const ColourOf& colour = {});

} // namespace bwla::ui
