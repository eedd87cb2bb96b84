// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/model_list.h"

#include "ui/widgets/numbers.h"

#include <QCoreApplication>
#include <QDateTime>
#include <QLocale>

namespace bwla::ui {
namespace {

QString translated(const char* text) {
    return QCoreApplication::translate("bwla::ui::ModelList", text);
}

/// Time today, "Yesterday", or the day.
QString usedText(qint64 seconds) {
    if (seconds == 0)
        return "–";
    const QDateTime when = QDateTime::fromSecsSinceEpoch(seconds);
    const qint64 days = when.date().daysTo(QDate::currentDate());
    if (days <= 0)
        return when.time().toString("HH:mm");
    return days == 1 ? translated("Yesterday")
                     : QLocale().toString(when.date(), QLocale::ShortFormat);
}

QString types(const ModelSummary& summary) {
    QStringList names;
    for (const std::string& type : summary.types)
        names << QString::fromStdString(type);
    return names.join(", ");
}

QString cellText(const ModelRow& row, int column) {
    if (column == ModelList::nameColumn)
        return row.name();
    if (column == ModelList::stateColumn)
        return stateText(row.state);
    if (column == ModelList::usedColumn)
        return usedText(row.lastUsed);
    if (!row.summary)
        return "–";
    switch (column) {
    case ModelList::formatColumn:
        return QString::fromStdString(row.summary->format);
    case ModelList::typeColumn:
        return types(*row.summary);
    case ModelList::parametersColumn:
        return countText(static_cast<double>(row.summary->config.parameters()));
    default:
        return bytesText(static_cast<double>(row.summary->fileBytes));
    }
}

QVariant sortValue(const ModelRow& row, int column) {
    switch (column) {
    case ModelList::parametersColumn:
        return row.summary ? static_cast<qint64>(row.summary->config.parameters()) : qint64{0};
    case ModelList::sizeColumn:
        return row.summary ? static_cast<qint64>(row.summary->fileBytes) : qint64{0};
    case ModelList::stateColumn:
        return static_cast<int>(row.state);
    case ModelList::usedColumn:
        return row.lastUsed;
    default:
        return cellText(row, column).toLower();
    }
}

QString toolTip(const ModelRow& row, int column) {
    switch (column) {
    case ModelList::nameColumn:
        return row.path;
    case ModelList::parametersColumn:
        return translated("Parameters: decoder, norms, embeddings and an untied head, from the "
                          "model's shapes.");
    case ModelList::sizeColumn:
        return translated("Bytes of the model's files on disk.");
    case ModelList::stateColumn:
        return row.problem.isEmpty()
                   ? translated("Ready: configuration, every tensor's shape and place in its "
                                "file, and the tokenizer were checked.")
                   : row.problem;
    default:
        return {};
    }
}

int alignment(int column) {
    const bool number = column == ModelList::parametersColumn || column == ModelList::sizeColumn ||
                        column == ModelList::usedColumn;
    return static_cast<int>((number ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
}

} // namespace

QString ModelRow::name() const {
    return QString::fromStdString(summary ? summary->name : modelName(path.toStdString()));
}

QString stateText(ModelState state) {
    switch (state) {
    case ModelState::checking:
        return translated("Checking");
    case ModelState::ready:
        return translated("Ready");
    case ModelState::noTokenizer:
        return translated("No tokenizer");
    case ModelState::failed:
        break;
    }
    return translated("Failed");
}

void ModelList::put(const ModelRow& row) {
    const int place = indexOf(row.path);
    if (place >= 0) {
        rows_[place] = row;
        Q_EMIT dataChanged(index(place, 0), index(place, columns - 1));
        return;
    }
    const auto end = static_cast<int>(rows_.size());
    beginInsertRows({}, end, end);
    rows_ << row;
    endInsertRows();
}

void ModelList::remove(const QString& path) {
    const int place = indexOf(path);
    if (place < 0)
        return;
    beginRemoveRows({}, place, place);
    rows_.removeAt(place);
    endRemoveRows();
}

void ModelList::setUsed(const QString& path, qint64 when) {
    const int place = indexOf(path);
    if (place < 0)
        return;
    rows_[place].lastUsed = when;
    Q_EMIT dataChanged(index(place, usedColumn), index(place, usedColumn));
}

const ModelRow* ModelList::find(const QString& path) const {
    const int place = indexOf(path);
    return place < 0 ? nullptr : &rows_[place];
}

int ModelList::indexOf(const QString& path) const {
    for (int i = 0; i < rows_.size(); ++i)
        if (rows_[i].path == path)
            return i;
    return -1;
}

QStringList ModelList::paths() const {
    QStringList paths;
    for (const ModelRow& row : rows_)
        paths << row.path;
    return paths;
}

int ModelList::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(rows_.size());
}

int ModelList::columnCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : columns;
}

QVariant ModelList::data(const QModelIndex& index, int role) const {
    const ModelRow& row = rows_[index.row()];
    const int column = index.column();
    switch (role) {
    case Qt::DisplayRole:
        return cellText(row, column);
    case Qt::ToolTipRole:
        return toolTip(row, column);
    case Qt::AccessibleTextRole:
        return column == nameColumn ? row.name() + ", " + stateText(row.state)
                                    : cellText(row, column);
    case Qt::TextAlignmentRole:
        return alignment(column);
    case pathRole:
        return row.path;
    case secondLineRole:
        return row.path.contains("/models--") ? tr("Hugging Face cache") : shortPath(row.path);
    case stateRole:
        return static_cast<int>(row.state);
    case quantizedRole:
        return row.quantized();
    case sortRole:
        return sortValue(row, column);
    default:
        return {};
    }
}

QVariant ModelList::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal)
        return {};
    if (role == Qt::TextAlignmentRole)
        return alignment(section);
    if (role != Qt::DisplayRole)
        return {};
    const QStringList titles{tr("Name"), tr("Format"), tr("Type"),     tr("Parameters"),
                             tr("Size"), tr("Status"), tr("Last used")};
    return titles.value(section);
}

ModelFilter::ModelFilter(QObject* parent) : QSortFilterProxyModel(parent) {
    setSortRole(ModelList::sortRole);
    setDynamicSortFilter(true);
}

void ModelFilter::setText(const QString& text) {
    text_ = text.trimmed();
    invalidateFilter();
}

void ModelFilter::setKind(Kind kind) {
    kind_ = kind;
    invalidateFilter();
}

bool ModelFilter::filterAcceptsRow(int row, const QModelIndex& parent) const {
    const QModelIndex name = sourceModel()->index(row, ModelList::nameColumn, parent);
    const bool isQuantized = name.data(ModelList::quantizedRole).toBool();
    if ((kind_ == originals && isQuantized) || (kind_ == quantized && !isQuantized))
        return false;
    return text_.isEmpty() || name.data().toString().contains(text_, Qt::CaseInsensitive) ||
           name.data(ModelList::pathRole).toString().contains(text_, Qt::CaseInsensitive);
}

} // namespace bwla::ui
