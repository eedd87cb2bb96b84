// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/store/chat_store.h"

#include <QAbstractListModel>
#include <QString>

#include <vector>

namespace bwla::ui {

/// The list of chats: by day, what a search found, or the bin.
class HistoryModel : public QAbstractListModel {
    Q_OBJECT

public:
    enum Role {
        chatRole = Qt::UserRole, ///< id; 0 for the heading of a day
        messageRole,             ///< found message, 0 = none
        detailRole,              ///< second line
    };

    explicit HistoryModel(ChatStore& store, QObject* parent = nullptr);

    /// Words to search for; empty = all chats.
    void setSearch(const QString& words);
    void showBin(bool bin);
    [[nodiscard]] bool binShown() const { return bin_; }
    void reload();
    [[nodiscard]] QModelIndex indexOf(std::int64_t chat) const;
    [[nodiscard]] int binCount() const { return binCount_; }

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
    [[nodiscard]] Qt::ItemFlags flags(const QModelIndex& index) const override;
    /// Renames the chat.
    bool setData(const QModelIndex& index, const QVariant& value, int role) override;

Q_SIGNALS:
    void failed(const QString& sentence); ///< a name that could not be kept

private:
    struct Row {
        std::int64_t chat = 0;
        std::int64_t message = 0;
        QString title, detail;
    };
    void addByDay(const std::vector<ChatRecord>& chats);
    void addHits(const std::vector<ChatHit>& hits);

    ChatStore& store_;
    QString words_;
    bool bin_ = false;
    int binCount_ = 0;
    std::vector<Row> rows_;
};

} // namespace bwla::ui
