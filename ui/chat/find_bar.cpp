// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/find_bar.h"

#include "ui/theme/theme.h"
#include "ui/widgets/card.h"
#include "ui/widgets/themed_icon.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLineEdit>
#include <QToolButton>

namespace bwla::ui {

FindBar::FindBar(Theme& theme, QWidget* parent)
    : QFrame(parent), field_(new QLineEdit), count_(label({}, "caption")) {
    setProperty("card", true);
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(8, 8, 8, 8);
    row->setSpacing(8);
    field_->setPlaceholderText(tr("Find in this chat"));
    field_->setAccessibleName(tr("Find in this chat"));
    field_->setClearButtonEnabled(true);
    field_->installEventFilter(this);
    count_->setMinimumWidth(64);
    row->addWidget(field_, 1);
    row->addWidget(count_);
    const auto tool = [&](const char* icon, const QString& tip, auto&& action) {
        auto* button = new QToolButton;
        button->setFixedSize(24, 24);
        button->setToolTip(tip);
        button->setAccessibleName(tip);
        setThemedIcon(theme, button, icon);
        connect(button, &QToolButton::clicked, this, action);
        row->addWidget(button);
    };
    tool("chevron-up", tr("The one before (Shift+Enter)"), [this] { Q_EMIT stepped(-1); });
    tool("chevron-down", tr("The next one (Enter)"), [this] { Q_EMIT stepped(1); });
    tool("cancel", tr("Close the search (Esc)"), [this] { close(); });
    connect(field_, &QLineEdit::textChanged, this, &FindBar::wordsChanged);
    hide();
}

void FindBar::open() {
    show();
    field_->setFocus(Qt::ShortcutFocusReason);
    field_->selectAll();
    Q_EMIT wordsChanged(field_->text());
}

void FindBar::close() {
    hide();
    Q_EMIT wordsChanged({});
    Q_EMIT closed();
}

void FindBar::setCount(int current, int count) {
    count_->setText(words().isEmpty() ? QString()
                    : count == 0      ? tr("not found")
                                      : tr("%1 of %2").arg(current + 1).arg(count));
}

QString FindBar::words() const {
    return field_->text();
}

QString FindBar::countText() const {
    return count_->text();
}

bool FindBar::eventFilter(QObject* watched, QEvent* event) {
    if (event->type() == QEvent::KeyPress) {
        const auto* key = static_cast<QKeyEvent*>(event);
        if (key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter) {
            Q_EMIT stepped(key->modifiers().testFlag(Qt::ShiftModifier) ? -1 : 1);
            return true;
        }
    }
    return QFrame::eventFilter(watched, event);
}

} // namespace bwla::ui
