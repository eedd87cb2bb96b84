// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QColor>

namespace bwla::ui {

/// The colour map of every map and heat cell, the same in both themes: dark = low. `share` in 0..1,
/// clamped; NaN gives an invalid colour.
[[nodiscard]] QColor viridis(double share);

/// White or black, whichever is readable on `back`: 4.5:1 at least.
[[nodiscard]] QColor textOn(const QColor& back);

} // namespace bwla::ui
