// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QColor>
#include <QIcon>
#include <QString>

namespace bwla::ui {

/// resources/icons/NAME.svg, drawn in `colour` wherever the file says currentColor, at any size and
/// device pixel ratio. An unknown name gives a null icon.
[[nodiscard]] QIcon svgIcon(const QString& name, const QColor& colour, const QColor& disabled);

} // namespace bwla::ui
