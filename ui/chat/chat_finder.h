// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>
#include <QString>

#include <vector>

namespace bwla::ui {

class ChatPane;
class FindBar;

/// Finds words in the panes in view, marks them, and goes from one to the next, turn by turn.
class ChatFinder : public QObject {
    Q_OBJECT

public:
    ChatFinder(FindBar& bar, std::vector<ChatPane*> panes, QObject* parent = nullptr);
    /// Other turns, texts or panes are in view.
    void refresh();
    [[nodiscard]] int count() const { return static_cast<int>(found_.size()); }
    [[nodiscard]] int current() const { return current_; }

private:
    struct Found {
        ChatPane* pane;
        std::size_t turn;
        int index; ///< within the turn
    };
    void find();
    void mark();
    void step(int by);

    FindBar& bar_;
    std::vector<ChatPane*> panes_;
    std::vector<Found> found_;
    int current_ = -1;
};

} // namespace bwla::ui
