// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/studio/services.h"

#include "ui/widgets/failure_log.h"
#include "ui/widgets/numbers.h"

namespace bwla::ui {

bool Services::keep(const std::function<void()>& write) const {
    try {
        write();
        return true;
    } catch (const Error& error) {
        const QString sentence = errorText(error);
        if (tellFailure)
            tellFailure(sentence);
        else
            logFailure(sentence);
        return false;
    }
}

} // namespace bwla::ui
