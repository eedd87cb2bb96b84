// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/studio/pages.h"

#include "ui/chat/chat_page.h"
#include "ui/inspect/inspect_page.h"
#include "ui/models/models_page.h"
#include "ui/quantize/quantize_page.h"

namespace bwla::ui {

QList<Page*> makePages(Services& services) {
    return {new ModelsPage(services), new QuantizePage(services), new InspectPage(services),
            new ChatPage(services)};
}

} // namespace bwla::ui
