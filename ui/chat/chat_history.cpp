// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/chat_history.h"

#include "ui/chat/history_delegate.h"
#include "ui/theme/theme.h"
#include "ui/widgets/banner.h"
#include "ui/widgets/card.h"
#include "ui/widgets/numbers.h"

#include <QAction>
#include <QKeyEvent>
#include <QLineEdit>
#include <QListView>
#include <QMenu>
#include <QPushButton>

namespace bwla::ui {

ChatHistory::ChatHistory(Theme& theme, ChatStore& store, QWidget* parent)
    : QFrame(parent), theme_(theme), store_(store), model_(new HistoryModel(store, this)),
      search_(new QLineEdit), list_(new QListView), empty_(label({}, "secondary")),
      banner_(new Banner(theme)), bin_(new QPushButton) {
    setProperty("card", true);
    layOut();
    connect(search_, &QLineEdit::textChanged, this, [this](const QString& words) {
        model_->setSearch(words);
        updateEmpty();
    });
    connect(search_, &QLineEdit::returnPressed, this, [this] {
        for (int row = 0; row < model_->rowCount(); ++row)
            if (model_->index(row).data(HistoryModel::chatRole).toLongLong() != 0)
                return choose(model_->index(row));
    });
    connect(list_, &QListView::clicked, this, &ChatHistory::choose);
    connect(list_, &QListView::activated, this, &ChatHistory::choose);
    connect(list_, &QListView::customContextMenuRequested, this, &ChatHistory::menu);
    connect(bin_, &QPushButton::clicked, this, [this] { showBin(!model_->binShown()); });
    connect(model_, &HistoryModel::failed, this, &ChatHistory::showFailure);
    reload(0);
}

void ChatHistory::layOut() {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(8, 8, 8, 8);
    column->setSpacing(8);
    search_->setPlaceholderText(tr("Search chats  Ctrl+K"));
    search_->setAccessibleName(tr("Search chats"));
    search_->setClearButtonEnabled(true);
    QAction* lens = search_->addAction(theme_.icon("search"), QLineEdit::LeadingPosition);
    connect(&theme_, &Theme::changed, this, [this, lens] {
        lens->setIcon(theme_.icon("search"));
        bin_->setIcon(theme_.icon("refresh"));
    });
    list_->setModel(model_);
    list_->setItemDelegate(new HistoryDelegate(theme_, this));
    list_->setAccessibleName(tr("Chats"));
    list_->setMouseTracking(true);
    list_->setEditTriggers(QAbstractItemView::EditKeyPressed); // F2
    list_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    list_->setContextMenuPolicy(Qt::CustomContextMenu);
    list_->installEventFilter(this);
    list_->setToolTip({});
    empty_->setWordWrap(true);
    bin_->setProperty("kind", "quiet");
    bin_->setProperty("small", true);
    bin_->setIcon(theme_.icon("refresh"));
    column->addWidget(search_);
    column->addWidget(empty_);
    column->addWidget(list_, 1);
    column->addWidget(banner_);
    column->addWidget(bin_);
}

void ChatHistory::reload(std::int64_t current) {
    current_ = current;
    model_->reload();
    list_->setCurrentIndex(model_->indexOf(current));
    updateEmpty();
}

void ChatHistory::updateEmpty() {
    const bool searching = !search_->text().trimmed().isEmpty();
    empty_->setVisible(model_->rowCount() == 0);
    empty_->setText(searching ? tr("No chat has these words.")
                              : tr("Chats appear here. Every message is saved as it is written."));
    bin_->setVisible(model_->binCount() > 0);
    bin_->setText(model_->binShown() ? tr("Back to the chats")
                                     : tr("Recently deleted (%1)").arg(model_->binCount()));
}

void ChatHistory::focusSearch() {
    showBin(false);
    search_->setFocus(Qt::ShortcutFocusReason);
    search_->selectAll();
}

void ChatHistory::setLocked(bool locked) {
    list_->setEnabled(!locked);
    bin_->setEnabled(!locked);
    list_->setToolTip(locked ? tr("An answer is being written. Stop it to open another chat.")
                             : QString());
}

void ChatHistory::showBin(bool bin) {
    model_->showBin(bin);
    updateEmpty();
    list_->setCurrentIndex(model_->indexOf(current_));
}

void ChatHistory::choose(const QModelIndex& index) {
    const std::int64_t chat = index.data(HistoryModel::chatRole).toLongLong();
    if (chat == 0)
        return;
    if (model_->binShown()) {
        if (!keep([&] { store_.restoreChat(chat); }))
            return;
        model_->showBin(false);
    }
    Q_EMIT chatChosen(chat);
}

void ChatHistory::remove(const QModelIndex& index) {
    const std::int64_t chat = index.data(HistoryModel::chatRole).toLongLong();
    if (chat == 0 || model_->binShown())
        return;
    if (!keep([&] { store_.removeChat(chat); }))
        return;
    deleted_ = chat;
    banner_->clearButtons();
    banner_->show(Banner::Tone::info, tr("Chat deleted."));
    connect(banner_->addButton(tr("Undo")), &QPushButton::clicked, this, &ChatHistory::undo);
    reload(current_);
    Q_EMIT chatDeleted(chat);
}

void ChatHistory::undo() {
    if (!keep([&] { store_.restoreChat(deleted_); }))
        return;
    banner_->hide();
    reload(current_);
    Q_EMIT chatChosen(deleted_);
}

bool ChatHistory::keep(const std::function<void()>& write) {
    try {
        write();
        return true;
    } catch (const Error& error) {
        showFailure(errorText(error));
        return false;
    }
}

void ChatHistory::showFailure(const QString& sentence) {
    banner_->clearButtons();
    banner_->show(Banner::Tone::bad, sentence);
    connect(banner_->addButton(tr("Close")), &QPushButton::clicked, banner_, &Banner::hide);
}

bool ChatHistory::eventFilter(QObject* watched, QEvent* event) {
    if (event->type() == QEvent::KeyPress &&
        static_cast<QKeyEvent*>(event)->key() == Qt::Key_Delete) {
        remove(list_->currentIndex());
        return true;
    }
    return QFrame::eventFilter(watched, event);
}

void ChatHistory::menu(const QPoint& at) {
    const QModelIndex index = list_->indexAt(at);
    if (index.data(HistoryModel::chatRole).toLongLong() == 0)
        return;
    QMenu menu;
    if (model_->binShown()) {
        menu.addAction(tr("Restore"), [this, index] { choose(index); });
    } else {
        menu.addAction(tr("Rename"), QKeySequence(Qt::Key_F2),
                       [this, index] { list_->edit(index); });
        menu.addAction(tr("Delete"), QKeySequence(Qt::Key_Delete),
                       [this, index] { remove(index); });
    }
    menu.exec(list_->viewport()->mapToGlobal(at));
}

} // namespace bwla::ui
