// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/inspect/inspect_reader.h"
#include "ui/theme/tokens.h"

#include <QAbstractTableModel>

namespace bwla::ui {

class Theme;

/// The numbers of a channel: a row a stage, each head explaining its column.
class StageTable : public QAbstractTableModel {
    Q_OBJECT

public:
    explicit StageTable(Theme& theme, QObject* parent = nullptr);
    void setChannel(const OpenedChannel& channel);

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation,
                                      int role) const override;

private:
    struct Stage {
        QString name;
        Series series;
        std::optional<StageView> view; ///< none: not at this round
    };
    [[nodiscard]] QString cell(const StageView& view, int column) const;

    Theme& theme_;
    std::vector<Stage> stages_;
    std::int64_t channel_ = 0;
};

} // namespace bwla::ui
