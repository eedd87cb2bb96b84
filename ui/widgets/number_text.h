// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

namespace bwla::ui {

/// A number to show: true minus sign, digits grouped by the locale; a dash where it is unknown
/// (NaN).
[[nodiscard]] QString numberText(double value, int decimals);

/// The same with `digits` significant digits: for values of unknown size, as in a plot's read-out.
[[nodiscard]] QString shortNumber(double value, int digits = 4);

} // namespace bwla::ui
