// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/history_model.h"

#include "ui/chat/chat_options.h"
#include "ui/widgets/numbers.h"

#include <QDateTime>
#include <QLocale>

namespace bwla::ui {
namespace {

QString dayOf(std::int64_t time) {
    const QDate day = QDateTime::fromSecsSinceEpoch(time).date();
    const qint64 ago = day.daysTo(QDate::currentDate());
    if (ago <= 0)
        return HistoryModel::tr("Today");
    if (ago == 1)
        return HistoryModel::tr("Yesterday");
    return ago < 7 ? HistoryModel::tr("Last seven days") : HistoryModel::tr("Earlier");
}

QString timeOf(std::int64_t time) {
    const QDateTime at = QDateTime::fromSecsSinceEpoch(time);
    return at.date() == QDate::currentDate() ? QLocale().toString(at.time(), "HH:mm")
                                             : QLocale().toString(at.date(), QLocale::ShortFormat);
}

QString modelsOf(const ChatRecord& chat) {
    const ChatMode mode = optionsFrom(chat.settings).mode;
    const bool original = !chat.originalPath.empty() && mode != ChatMode::quantized;
    const bool quantized = !chat.quantizedPath.empty() && mode != ChatMode::original;
    if (original && quantized)
        return HistoryModel::tr("2 models");
    return original ? HistoryModel::tr("Original") : HistoryModel::tr("Quantized");
}

} // namespace

HistoryModel::HistoryModel(ChatStore& store, QObject* parent)
    : QAbstractListModel(parent), store_(store) {
    reload();
}

void HistoryModel::setSearch(const QString& words) {
    words_ = words.trimmed();
    reload();
}

void HistoryModel::showBin(bool bin) {
    bin_ = bin;
    reload();
}

void HistoryModel::reload() {
    beginResetModel();
    rows_.clear();
    const std::vector<ChatRecord> deleted = store_.deletedChats();
    binCount_ = static_cast<int>(deleted.size());
    bin_ = bin_ && binCount_ > 0;
    if (bin_)
        addByDay(deleted);
    else if (words_.isEmpty())
        addByDay(store_.chats());
    else
        addHits(store_.search(words_.toStdString()));
    endResetModel();
}

void HistoryModel::addByDay(const std::vector<ChatRecord>& chats) {
    QString day;
    for (const ChatRecord& chat : chats) {
        if (const QString here = dayOf(chat.updatedAt); here != std::exchange(day, here))
            rows_.push_back({.title = here, .detail = {}});
        rows_.push_back({.chat = chat.id,
                         .title = QString::fromStdString(chat.title),
                         .detail = modelsOf(chat) + " · " + timeOf(chat.updatedAt)});
    }
}

void HistoryModel::addHits(const std::vector<ChatHit>& hits) {
    for (const ChatHit& hit : hits) {
        QString excerpt = QString::fromStdString(hit.excerpt).simplified();
        excerpt.remove(QChar(0x2068)).remove(QChar(0x2069));
        rows_.push_back({.chat = hit.chat,
                         .message = hit.message,
                         .title = QString::fromStdString(hit.title),
                         .detail = hit.message == 0 ? timeOf(hit.updatedAt) : excerpt});
    }
}

QModelIndex HistoryModel::indexOf(std::int64_t chat) const {
    for (std::size_t i = 0; i < rows_.size(); ++i)
        if (chat != 0 && rows_[i].chat == chat)
            return index(static_cast<int>(i));
    return {};
}

int HistoryModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(rows_.size());
}

QVariant HistoryModel::data(const QModelIndex& index, int role) const {
    const Row& row = rows_[static_cast<std::size_t>(index.row())];
    switch (role) {
    case Qt::DisplayRole:
    case Qt::EditRole:
        return row.title;
    case Qt::ToolTipRole:
        return row.chat == 0 ? QVariant() : row.title + "\n" + row.detail;
    case Qt::AccessibleTextRole:
        return row.chat == 0 ? row.title : row.title + ", " + row.detail;
    case chatRole:
        return QVariant::fromValue<qint64>(row.chat);
    case messageRole:
        return QVariant::fromValue<qint64>(row.message);
    case detailRole:
        return row.detail;
    default:
        return {};
    }
}

Qt::ItemFlags HistoryModel::flags(const QModelIndex& index) const {
    if (rows_[static_cast<std::size_t>(index.row())].chat == 0)
        return Qt::ItemIsEnabled;
    const Qt::ItemFlags editable = bin_ ? Qt::NoItemFlags : Qt::ItemIsEditable;
    return Qt::ItemIsEnabled | Qt::ItemIsSelectable | editable;
}

bool HistoryModel::setData(const QModelIndex& index, const QVariant& value, int role) {
    const QString title = value.toString().simplified();
    if (role != Qt::EditRole || title.isEmpty())
        return false;
    Row& row = rows_[static_cast<std::size_t>(index.row())];
    try {
        ChatRecord chat = store_.chat(row.chat);
        chat.title = title.toStdString();
        store_.saveChat(chat);
    } catch (const Error& error) {
        Q_EMIT failed(tr("The name “%1” could not be kept. %2").arg(title, errorText(error)));
        return false;
    }
    row.title = title;
    Q_EMIT dataChanged(index, index);
    return true;
}

} // namespace bwla::ui
