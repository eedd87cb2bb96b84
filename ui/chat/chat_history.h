// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/chat/history_model.h"

#include <QFrame>

#include <functional>

class QLineEdit;
class QListView;
class QPushButton;
class QLabel;

namespace bwla::ui {

class Banner;
class Theme;

/// Chats by day, with search, renaming in place, deletion with undo, and the bin.
class ChatHistory : public QFrame {
    Q_OBJECT

public:
    ChatHistory(Theme& theme, ChatStore& store, QWidget* parent = nullptr);

    void reload(std::int64_t current);
    void focusSearch();
    void setLocked(bool locked); ///< an answer is being written
    [[nodiscard]] HistoryModel& model() { return *model_; }
    [[nodiscard]] QListView* list() const { return list_; }

Q_SIGNALS:
    void chatChosen(std::int64_t chat);
    void chatDeleted(std::int64_t chat);

private:
    void layOut();
    void choose(const QModelIndex& index);
    void remove(const QModelIndex& index);
    void undo();
    /// False, and a banner, where the store refuses.
    bool keep(const std::function<void()>& write);
    void showFailure(const QString& sentence);
    void showBin(bool bin);
    void updateEmpty();
    bool eventFilter(QObject* watched, QEvent* event) override;
    void menu(const QPoint& at);

    Theme& theme_;
    ChatStore& store_;
    HistoryModel* model_;
    QLineEdit* search_;
    QListView* list_;
    QLabel* empty_;
    Banner* banner_;
    QPushButton* bin_;
    std::int64_t current_ = 0;
    std::int64_t deleted_ = 0;
};

} // namespace bwla::ui
