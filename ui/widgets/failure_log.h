// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

namespace bwla::ui {

/// Beside the store: studio.log for studio.sqlite.
[[nodiscard]] QString failureLog();

/// Adds a line with the time. A log of a megabyte is set aside as .old first; where nothing can be
/// written nothing is: whoever calls this shows the failure as well. Window thread.
void logFailure(const QString& sentence);

} // namespace bwla::ui
