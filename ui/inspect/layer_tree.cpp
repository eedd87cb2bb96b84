// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/inspect/layer_tree.h"

#include "ui/widgets/number_text.h"
#include "ui/widgets/viridis.h"

#include <QPainter>

#include <algorithm>
#include <cmath>

namespace bwla::ui {
namespace {

/// Internal id of a block; a layer carries its block + 1.
constexpr quintptr isBlock = 0;

QString shortName(const LayerId& layer) {
    const std::string_view full = group(layer.kind).linears[static_cast<std::size_t>(layer.index)];
    return QString::fromLatin1(full.substr(full.rfind('.') + 1).data());
}

} // namespace

LayerTree::LayerTree(const LayerFacts& facts, QObject* parent)
    : QAbstractItemModel(parent), facts_(facts) {}

void LayerTree::setLayers(const std::vector<LayerId>& layers) {
    beginResetModel();
    blocks_.clear();
    for (const LayerId& layer : layers) {
        if (static_cast<std::size_t>(layer.block) >= blocks_.size())
            blocks_.resize(static_cast<std::size_t>(layer.block) + 1);
        blocks_[static_cast<std::size_t>(layer.block)].push_back(layer);
    }
    endResetModel();
    factsChanged();
}

void LayerTree::factsChanged() {
    for (std::size_t i = 0; i < layerMetrics.size(); ++i)
        ranges_[i] = facts_.range(layerMetrics[i]);
    if (blocks_.empty())
        return;
    const int last = columnCount({}) - 1;
    for (int block = 0; block < rowCount({}); ++block) {
        const QModelIndex parent = index(block, 0, {});
        Q_EMIT dataChanged(index(0, 1, parent), index(rowCount(parent) - 1, last, parent));
    }
    Q_EMIT dataChanged(index(0, 1, {}), index(rowCount({}) - 1, last, {}));
}

QModelIndex LayerTree::indexOf(const LayerId& layer) const {
    if (layer.block < 0 || static_cast<std::size_t>(layer.block) >= blocks_.size())
        return {};
    const auto& block = blocks_[static_cast<std::size_t>(layer.block)];
    const auto found = std::ranges::find(block, layer);
    if (found == block.end())
        return {};
    return index(static_cast<int>(found - block.begin()), 0,
                 index(static_cast<int>(layer.block), 0, {}));
}

std::optional<LayerId> LayerTree::layerAt(const QModelIndex& index) const {
    if (!index.isValid() || index.internalId() == isBlock)
        return std::nullopt;
    return blocks_[index.internalId() - 1][static_cast<std::size_t>(index.row())];
}

QModelIndex LayerTree::index(int row, int column, const QModelIndex& parent) const {
    if (!parent.isValid())
        return createIndex(row, column, isBlock);
    return createIndex(row, column, static_cast<quintptr>(parent.row()) + 1);
}

QModelIndex LayerTree::parent(const QModelIndex& child) const {
    if (!child.isValid() || child.internalId() == isBlock)
        return {};
    return createIndex(static_cast<int>(child.internalId()) - 1, 0, isBlock);
}

int LayerTree::rowCount(const QModelIndex& parent) const {
    if (!parent.isValid())
        return static_cast<int>(blocks_.size());
    if (parent.internalId() != isBlock || parent.column() != 0)
        return 0;
    return static_cast<int>(blocks_[static_cast<std::size_t>(parent.row())].size());
}

int LayerTree::columnCount(const QModelIndex&) const {
    return 1 + static_cast<int>(layerMetrics.size());
}

QString LayerTree::name(const QModelIndex& index) const {
    const auto layer = layerAt(index);
    const QString text = layer ? shortName(*layer) : tr("Block %1").arg(index.row());
    return isKept(index) ? tr("%1 · float").arg(text) : text;
}

bool LayerTree::isKept(const QModelIndex& index) const {
    if (const auto layer = layerAt(index))
        return facts_.isKept(*layer);
    return std::ranges::all_of(blocks_[static_cast<std::size_t>(index.row())],
                               [this](const LayerId& layer) { return facts_.isKept(layer); });
}

double LayerTree::number(const QModelIndex& index) const {
    const LayerMetric metric = metricOf(index.column());
    const auto layer = layerAt(index);
    return layer ? facts_.value(*layer, metric) : facts_.worst(index.row(), metric);
}

QVariant LayerTree::data(const QModelIndex& index, int role) const {
    if (role == idRole) {
        const auto layer = layerAt(index);
        return layer ? QString::fromStdString(layerName(*layer)) : name(index);
    }
    if (index.column() == 0) {
        if (role == Qt::DisplayRole)
            return name(index);
        if (role == sortRole)
            return index.row();
        if (role == Qt::ToolTipRole)
            return data(index, idRole);
        return {};
    }
    const double value = number(index);
    const auto metric = static_cast<std::size_t>(index.column() - 1);
    const MetricWords text = words(layerMetrics[metric]);
    switch (role) {
    case Qt::DisplayRole:
        return numberText(value, text.decimals);
    case Qt::TextAlignmentRole:
        return QVariant(Qt::AlignRight | Qt::AlignVCenter);
    case Qt::ToolTipRole:
        if (isKept(index))
            return tr("Kept in float: nothing was lost, so there is nothing to measure.");
        return layerAt(index) ? text.definition
                              : tr("The worst layer of the block. %1").arg(text.definition);
    case Qt::AccessibleTextRole:
        return QString(text.name + ' ' + numberText(value, text.decimals));
    case sortRole:
        return value;
    case shareRole:
        return (value - ranges_[metric].first) /
               std::max(ranges_[metric].second - ranges_[metric].first, 1e-12);
    default:
        return {};
    }
}

QVariant LayerTree::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal)
        return {};
    if (role == Qt::TextAlignmentRole)
        return QVariant((section == 0 ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    if (role == Qt::ToolTipRole && section > 0)
        return words(metricOf(section)).definition;
    if (role != Qt::DisplayRole)
        return {};
    return section == 0 ? tr("Name") : words(metricOf(section)).shortName;
}

LayerOrder::LayerOrder(QObject* parent) : QSortFilterProxyModel(parent) {
    setSortRole(LayerTree::sortRole);
    setFilterRole(LayerTree::idRole);
    setFilterCaseSensitivity(Qt::CaseInsensitive);
    setRecursiveFilteringEnabled(true);
    setAutoAcceptChildRows(true);
    setDynamicSortFilter(false); // rows must not jump while the survey fills them
}

bool LayerOrder::lessThan(const QModelIndex& left, const QModelIndex& right) const {
    const double a = left.data(LayerTree::sortRole).toDouble();
    const double b = right.data(LayerTree::sortRole).toDouble();
    if (std::isnan(a) || std::isnan(b)) // unknown is last: "largest" when ascending
        return (sortOrder() == Qt::AscendingOrder) ? !std::isnan(a) && std::isnan(b)
                                                   : std::isnan(a) && !std::isnan(b);
    return a < b;
}

QSize HeatCell::sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const {
    return {QStyledItemDelegate::sizeHint(option, index).width(), option.fontMetrics.height() + 9};
}

void HeatCell::paint(QPainter* painter, const QStyleOptionViewItem& option,
                     const QModelIndex& index) const {
    QStyleOptionViewItem plain(option);
    initStyleOption(&plain, index);
    const QVariant share = index.data(LayerTree::shareRole);
    const QColor back = share.isValid() ? viridis(share.toDouble()) : QColor();
    if (!back.isValid()) {
        QStyledItemDelegate::paint(painter, option, index);
        return;
    }
    plain.text.clear();
    plain.widget->style()->drawControl(QStyle::CE_ItemViewItem, &plain, painter, plain.widget);
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    painter->setPen(Qt::NoPen);
    painter->setBrush(back);
    const QRect cell = option.rect.adjusted(2, 2, -2, -2);
    painter->drawRoundedRect(cell, 3, 3);
    painter->setPen(textOn(back));
    painter->setFont(plain.font);
    painter->drawText(cell, Qt::AlignCenter, index.data(Qt::DisplayRole).toString());
    painter->restore();
}

} // namespace bwla::ui
