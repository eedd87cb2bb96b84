// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/chat_history.h"
#include "ui/chat/chat_page.h"
#include "ui/chat/chat_pane.h"
#include "ui/chat/find_bar.h"
#include "ui/chat/options_panel.h"

#include <QPushButton>
#include <QShortcut>

namespace bwla::ui {

void ChatPage::addKeys() {
    const auto key = [this](const QKeySequence& keys, auto&& action) {
        connect(new QShortcut(keys, this), &QShortcut::activated, this, action);
    };
    const auto last = [this](auto&& action) {
        return [this, action] {
            if (!controller_.turns().empty())
                action(controller_.turns().size() - 1);
        };
    };
    key(QKeySequence::New, [this] { new_->click(); });
    key(Qt::CTRL | Qt::Key_K, [this] {
        historyToggle_->setChecked(true);
        history_->focusSearch();
    });
    key(Qt::CTRL | Qt::Key_R, last([this](std::size_t turn) { controller_.regenerate(turn); }));
    key(Qt::ALT | Qt::Key_Left,
        last([this](std::size_t turn) { controller_.showVersion(turn, true, -1); }));
    key(Qt::ALT | Qt::Key_Right,
        last([this](std::size_t turn) { controller_.showVersion(turn, true, 1); }));
    key(Qt::CTRL | Qt::SHIFT | Qt::Key_S, [this] { openPanel(OptionsPanel::sampling); });
    key(Qt::CTRL | Qt::SHIFT | Qt::Key_P, [this] { openPanel(OptionsPanel::system); });
    key(Qt::CTRL | Qt::SHIFT | Qt::Key_T, [this] { openPanel(OptionsPanel::promptTemplate); });
    key(Qt::CTRL | Qt::SHIFT | Qt::Key_E, [this] { openPanel(OptionsPanel::engine); });
    key(QKeySequence::Find, [this] { find_->open(); });
    key(Qt::CTRL | Qt::Key_E, [this] { export_->click(); });
    key(Qt::CTRL | Qt::Key_Tab, [this] { otherSide_->click(); });
    for (ChatPane* pane : panes_) { // a letter: only while an answer has the focus
        auto* inPane = new QShortcut(Qt::Key_D, pane);
        inPane->setContext(Qt::WidgetWithChildrenShortcut);
        connect(inPane, &QShortcut::activated, this,
                [this] { (void)this->pane(ChatSide::quantized)->showDifference(); });
    }
}

QList<std::pair<QString, QString>> ChatPage::keys() const {
    return {{tr("Enter"), tr("Send; Shift+Enter makes a line")},
            {tr("Esc"), tr("Stop writing, or close the settings")},
            {tr("Ctrl+N"), tr("New chat")},
            {tr("Ctrl+F"), tr("Find in this chat; Enter, Shift+Enter: next, before")},
            {tr("Ctrl+K"), tr("Search all chats")},
            {tr("Up"), tr("Edit the last message, in an empty field")},
            {tr("Ctrl+R"), tr("Answer again as a new version")},
            {tr("Alt+Left, Alt+Right"), tr("Version of the last answer")},
            {tr("Ctrl+Shift+S"), tr("Sampling")},
            {tr("Ctrl+Shift+P"), tr("System prompt")},
            {tr("Ctrl+Shift+T"), tr("Chat template")},
            {tr("Ctrl+Shift+E"), tr("Engine: where the models compute")},
            {tr("Ctrl+E"), tr("Export the chat")},
            {tr("Ctrl+Tab"), tr("The other model, in a narrow window")},
            {tr("F2, Delete"), tr("Rename, delete a chat in the list")},
            {tr("C, B, E, Delete, D"),
             tr("On an answer: copy, branch, edit the message, delete the turn, go to the "
                "difference")},
            {tr("Left, Right"), tr("On a KL strip: token")}};
}

} // namespace bwla::ui
