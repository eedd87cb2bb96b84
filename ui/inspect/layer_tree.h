// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/inspect/layer_metrics.h"

#include <QAbstractItemModel>
#include <QSortFilterProxyModel>
#include <QStyledItemDelegate>

namespace bwla::ui {

/// Blocks, and in them their linears; a column a metric. A block shows the worst of its layers.
class LayerTree : public QAbstractItemModel {
    Q_OBJECT

public:
    enum Role { idRole = Qt::UserRole, sortRole, shareRole }; ///< share: 0..1 of the metric's range

    explicit LayerTree(const LayerFacts& facts, QObject* parent = nullptr);

    void setLayers(const std::vector<LayerId>& layers);
    /// The facts have grown.
    void factsChanged();
    [[nodiscard]] QModelIndex indexOf(const LayerId& layer) const;
    [[nodiscard]] std::optional<LayerId> layerAt(const QModelIndex& index) const;
    [[nodiscard]] static LayerMetric metricOf(int column) {
        return layerMetrics.at(static_cast<std::size_t>(column - 1));
    }

    [[nodiscard]] QModelIndex index(int row, int column, const QModelIndex& parent) const override;
    [[nodiscard]] QModelIndex parent(const QModelIndex& child) const override;
    [[nodiscard]] int rowCount(const QModelIndex& parent) const override;
    [[nodiscard]] int columnCount(const QModelIndex& parent) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation,
                                      int role) const override;

private:
    [[nodiscard]] QString name(const QModelIndex& index) const;
    /// The layer, or all of the block, is in float.
    [[nodiscard]] bool isKept(const QModelIndex& index) const;
    [[nodiscard]] double number(const QModelIndex& index) const;

    const LayerFacts& facts_;
    std::vector<std::vector<LayerId>> blocks_;
    std::array<std::pair<double, double>, layerMetrics.size()> ranges_{};
};

/// Sorts by number, unknown last whichever the order; finds layers by name.
class LayerOrder : public QSortFilterProxyModel {
    Q_OBJECT

public:
    explicit LayerOrder(QObject* parent = nullptr);

protected:
    [[nodiscard]] bool lessThan(const QModelIndex& left, const QModelIndex& right) const override;
};

/// A number on its viridis colour, rounded; white or dark text by luminance. Cells without a share,
/// the names, are drawn as usual.
class HeatCell : public QStyledItemDelegate {
    Q_OBJECT

public:
    using QStyledItemDelegate::QStyledItemDelegate;
    void paint(QPainter* painter, const QStyleOptionViewItem& option,
               const QModelIndex& index) const override;
    [[nodiscard]] QSize sizeHint(const QStyleOptionViewItem& option,
                                 const QModelIndex& index) const override;
};

} // namespace bwla::ui
