// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/studio/services.h"

#include <string>

class QSplitter;

namespace bwla::ui {

/// Gives the splitter the sizes that it had last time, and keeps those the user gives it under
/// "splitter.NAME". Call after its parts and first sizes are set.
void rememberSplitter(Services& services, QSplitter& splitter, const std::string& name);

} // namespace bwla::ui
