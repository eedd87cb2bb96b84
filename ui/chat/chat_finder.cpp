// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/chat_finder.h"

#include "ui/chat/chat_pane.h"
#include "ui/chat/find_bar.h"

#include <algorithm>

namespace bwla::ui {

ChatFinder::ChatFinder(FindBar& bar, std::vector<ChatPane*> panes, QObject* parent)
    : QObject(parent), bar_(bar), panes_(std::move(panes)) {
    connect(&bar_, &FindBar::wordsChanged, this, [this] {
        current_ = -1;
        find();
        step(1);
    });
    connect(&bar_, &FindBar::stepped, this, &ChatFinder::step);
}

void ChatFinder::refresh() {
    if (!bar_.isVisible() && found_.empty())
        return;
    find();
    current_ = std::min(current_, count() - 1);
    mark();
}

void ChatFinder::find() {
    const QString words = bar_.isVisible() ? bar_.words() : QString();
    found_.clear();
    std::size_t turns = 0;
    for (const ChatPane* pane : panes_)
        turns = std::max(turns, pane->turns());
    for (std::size_t turn = 0; turn < turns; ++turn) {
        bool message = true; // stands in every pane, and counts once
        for (ChatPane* pane : panes_) {
            TurnView* view = pane->turn(turn);
            const bool seen = pane->isVisible();
            const int here = view->find(seen ? words : QString(), message);
            message = message && !seen;
            for (int i = 0; i < here; ++i)
                found_.push_back({pane, turn, i});
        }
    }
}

void ChatFinder::mark() {
    for (ChatPane* pane : panes_)
        for (std::size_t turn = 0; turn < pane->turns(); ++turn) {
            const bool here = current_ >= 0 &&
                              found_[static_cast<std::size_t>(current_)].pane == pane &&
                              found_[static_cast<std::size_t>(current_)].turn == turn;
            pane->turn(turn)->markFound(here ? found_[static_cast<std::size_t>(current_)].index
                                             : -1);
        }
    bar_.setCount(current_, count());
}

void ChatFinder::step(int by) {
    if (found_.empty())
        current_ = -1;
    else if (current_ < 0)
        current_ = by > 0 ? 0 : count() - 1;
    else
        current_ = (current_ + by + count()) % count();
    mark();
    if (current_ < 0)
        return;
    const Found& at = found_[static_cast<std::size_t>(current_)];
    at.pane->showRect(at.turn, at.pane->turn(at.turn)->foundRect(at.index));
}

} // namespace bwla::ui
