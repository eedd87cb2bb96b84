// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/studio/page.h"
#include "ui/studio/services.h"

#include <QList>

namespace bwla::ui {

/// The pages in the order of the rail, made without loading anything.
[[nodiscard]] QList<Page*> makePages(Services& services);

} // namespace bwla::ui
