// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/model_details.h"
#include "ui/models/model_table.h"
#include "ui/models/models_page.h"

#include <QLineEdit>
#include <QPushButton>
#include <QShortcut>

namespace bwla::ui {

void ModelsPage::addKeys() {
    const auto key = [this](const QKeySequence& keys, QWidget* scope, auto action) {
        auto* shortcut = new QShortcut(keys, scope);
        if (scope != this) // the page's own work from the header too
            shortcut->setContext(Qt::WidgetWithChildrenShortcut);
        connect(shortcut, &QShortcut::activated, this, action);
    };
    key(QKeySequence("Ctrl+Return"), this, [this] { requestQuantize(); });
    key(QKeySequence("Ctrl+Shift+Return"), this, [this] { requestChat(); });
    key(QKeySequence("Ctrl+F"), this, [this] { search_->setFocus(Qt::ShortcutFocusReason); });
    key(QKeySequence("F5"), this, [this] { library_.rescan(); });
    key(QKeySequence("Delete"), table_, [this] { removeSelected(); });
    key(QKeySequence("Return"), table_, [this] {
        details_->setFocus();
        for (auto* button : details_->findChildren<QPushButton*>())
            if (button->property("kind") == "primary" || button->isVisible())
                return button->setFocus(Qt::TabFocusReason);
    });
}

QList<std::pair<QString, QString>> ModelsPage::keys() const {
    return {{tr("Ctrl+F"), tr("Search models")},
            {tr("Enter"), tr("To the details of the chosen model")},
            {tr("Ctrl+Enter"), tr("Quantize the chosen model")},
            {tr("Ctrl+Shift+Enter"), tr("Chat with the chosen model")},
            {tr("Delete"), tr("Remove it from the list; its files stay")},
            {tr("F5"), tr("Scan the folders again")}};
}

} // namespace bwla::ui
