// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/chat/turn_view.h"

#include <QFrame>

class QLabel;
class QPushButton;
class QScrollArea;
class QStackedLayout;
class QToolButton;
class QVBoxLayout;

namespace bwla::ui {

/// One model's side of the chat: who it is, how fast it is, and the turns.
class ChatPane : public QFrame {
    Q_OBJECT

public:
    ChatPane(Theme& theme, ChatController& controller, ChatSide side, QWidget* parent = nullptr);

    void showChat();   ///< all turns anew
    void showLast();   ///< the last turn's answer and numbers
    void showStatus(); ///< the head
    [[nodiscard]] TurnView* turn(std::size_t index) const;
    [[nodiscard]] std::size_t turns() const { return static_cast<std::size_t>(views_.size()); }
    /// First turn in sight and how much of it is above the edge, 0..1.
    [[nodiscard]] std::pair<int, double> scrollPlace() const;
    void scrollTo(std::pair<int, double> place);
    void scrollToEnd();
    void follow(); ///< keeps a growing end in sight
    /// Brings a part of a turn into sight.
    void showRect(std::size_t turn, const QRect& rect);
    /// Brings the first difference of the last turn that has one into sight.
    bool showDifference();
    [[nodiscard]] QString speedText() const;

Q_SIGNALS:
    void modelWanted(bwla::ChatSide side, QWidget* near); ///< show what can be chosen
    void openWanted(bwla::ChatSide side);
    void actionRequested(std::size_t turn, bwla::ui::TurnAction action);
    void scrolled();

private:
    QWidget* makeHead();
    QWidget* makeEmpty();
    QWidget* makeTurns();
    void showEmptyState();
    void orderTabs();
    void restyle();

    Theme& theme_;
    ChatController& controller_;
    ChatSide side_;
    QLabel *swatch_, *name_, *detail_, *speed_;
    QToolButton* choose_;
    QLabel* emptyText_;
    QPushButton* open_;
    QStackedLayout* stack_;
    QScrollArea* scroll_;
    QVBoxLayout* column_;
    QList<TurnView*> views_;
};

} // namespace bwla::ui
