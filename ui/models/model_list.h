// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/model_summary.h"

#include <QAbstractTableModel>
#include <QSortFilterProxyModel>

#include <memory>

namespace bwla::ui {

enum class ModelState : std::uint8_t { checking, ready, noTokenizer, failed };

struct ModelRow {
    QString path;
    ModelState state = ModelState::checking;
    std::shared_ptr<const ModelSummary> summary{}; ///< null while checking and when failed
    QString problem{};                             ///< a sentence, for noTokenizer and failed
    qint64 lastUsed = 0;                           ///< seconds since 1970, 0 = never

    [[nodiscard]] QString name() const;
    [[nodiscard]] bool quantized() const { return summary && summary->quantized(); }
};

[[nodiscard]] QString stateText(ModelState state);

/// The models that are known, one a row, by path.
class ModelList : public QAbstractTableModel {
    Q_OBJECT

public:
    enum Column {
        nameColumn,
        formatColumn,
        typeColumn,
        parametersColumn,
        sizeColumn,
        stateColumn,
        usedColumn,
        columns
    };
    enum Role { pathRole = Qt::UserRole, secondLineRole, stateRole, quantizedRole, sortRole };

    using QAbstractTableModel::QAbstractTableModel;

    /// Adds the row or replaces the one of its path.
    void put(const ModelRow& row);
    void remove(const QString& path);
    void setUsed(const QString& path, qint64 when);
    [[nodiscard]] const ModelRow* find(const QString& path) const;
    [[nodiscard]] const ModelRow& row(int index) const { return rows_[index]; }
    [[nodiscard]] int indexOf(const QString& path) const; ///< -1 where it is not listed
    [[nodiscard]] QStringList paths() const;

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation,
                                      int role) const override;

private:
    QList<ModelRow> rows_;
};

/// Search and kind over a ModelList; sorts by the values, not their texts.
class ModelFilter : public QSortFilterProxyModel {
    Q_OBJECT

public:
    enum Kind { all, originals, quantized };

    explicit ModelFilter(QObject* parent = nullptr);
    void setText(const QString& text);
    void setKind(Kind kind);

protected:
    [[nodiscard]] bool filterAcceptsRow(int row, const QModelIndex& parent) const override;

private:
    QString text_;
    Kind kind_ = all;
};

} // namespace bwla::ui
