// SPDX-License-Identifier: GPL-3.0-or-later
//
// Numbers as people read them: the locale's separators, decimal units with a space, a true minus.
#pragma once

#include "core/error.h"
#include "core/model/input_group.h"
#include "ui/widgets/number_text.h"

#include <cstdint>

namespace bwla::ui {

[[nodiscard]] QString wholeText(std::int64_t value); ///< "49,152"
[[nodiscard]] QString bytesText(double bytes);       ///< "45.6 MB"
[[nodiscard]] QString countText(double count);       ///< "134.5 M", "1.24 B"
[[nodiscard]] QString durationText(double seconds);  ///< "42 s", "5 min 20 s", "2 h 5 min"
/// "4 to 7 min", "1.3 to 1.9 GB": one unit for both ends.
[[nodiscard]] QString durationRangeText(double low, double high);
[[nodiscard]] QString bytesRangeText(double low, double high);
/// The home folder as "~".
[[nodiscard]] QString shortPath(const QString& path);
/// "attn_in", as the command line names it.
[[nodiscard]] QString groupName(GroupKind kind);
/// The error's sentence.
[[nodiscard]] QString errorText(const Error& error);

} // namespace bwla::ui
