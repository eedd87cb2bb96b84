// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/studio/pages.h"

namespace bwla::ui {

QList<Page*> makePages(Services& services) {
    (void)services;
    return {};
}

} // namespace bwla::ui
