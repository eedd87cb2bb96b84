// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/inspect/layer_map.h"

#include "ui/theme/theme.h"
#include "ui/widgets/colour_scale.h"
#include "ui/widgets/number_text.h"
#include "ui/widgets/viridis.h"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>

#include <algorithm>
#include <cmath>

namespace bwla::ui {
namespace {

constexpr int axisHeight = 18;
constexpr int titleHeight = 16;
constexpr int scaleHeight = 18;
constexpr int bottom = axisHeight + titleHeight + scaleHeight;
constexpr int rowHeight = 16;
constexpr int labelGap = 6;

/// "q_proj" -> "q": what fits beside a cell.
QString rowLabel(const LayerId& layer) {
    const std::string_view full = group(layer.kind).linears[static_cast<std::size_t>(layer.index)];
    QString name = QString::fromLatin1(full.substr(full.rfind('.') + 1).data());
    return name.remove("_proj");
}

} // namespace

LayerMap::LayerMap(Theme& theme, const LayerFacts& facts, QWidget* parent)
    : QWidget(parent), theme_(theme), facts_(facts) {
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(tr("Layer map"));
    connect(&theme, &Theme::changed, this, [this] { update(); });
}

void LayerMap::setLayers(const std::vector<LayerId>& layers) {
    rows_.clear();
    blocks_ = layers.empty() ? 0 : layers.back().block + 1;
    for (const LayerId& layer : layers)
        if (layer.block == 0)
            rows_.push_back(layer);
    updateGeometry();
    update();
}

void LayerMap::setMetric(LayerMetric metric) {
    metric_ = metric;
    update();
}

void LayerMap::setCurrent(const LayerId& layer) {
    current_ = layer;
    setAccessibleName(tr("Layer map, %1").arg(describe(layer)));
    update();
}

void LayerMap::setPinned(const std::optional<LayerId>& layer) {
    pinned_ = layer;
    update();
}

QSize LayerMap::sizeHint() const {
    return {280, rowHeight * std::max<int>(7, static_cast<int>(rows_.size())) + bottom};
}

QSize LayerMap::minimumSizeHint() const {
    return {160, 12 * std::max<int>(7, static_cast<int>(rows_.size())) + bottom};
}

QRect LayerMap::grid() const {
    const QFontMetrics metrics(theme_.font(TextRole::tick));
    int label = 0;
    for (const LayerId& row : rows_)
        label = std::max(label, metrics.horizontalAdvance(rowLabel(row)));
    return rect().adjusted(label + labelGap, 0, -1, -bottom);
}

QRectF LayerMap::cell(int row, std::int64_t block) const {
    const QRectF area = grid();
    const double width = area.width() / static_cast<double>(std::max<std::int64_t>(1, blocks_));
    const double height =
        area.height() / static_cast<double>(std::max<std::size_t>(1, rows_.size()));
    return {area.left() + static_cast<double>(block) * width, area.top() + row * height, width,
            height};
}

void LayerMap::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    if (rows_.empty())
        return;
    paintCells(painter);
    paintAxes(painter);
    paintScale(painter);
}

void LayerMap::paintCells(QPainter& painter) const {
    const Tokens& t = theme_.tokens();
    const auto [low, high] = facts_.range(metric_);
    painter.setFont(theme_.font(TextRole::tick));
    for (int row = 0; row < static_cast<int>(rows_.size()); ++row) {
        LayerId layer = rows_[static_cast<std::size_t>(row)];
        for (layer.block = 0; layer.block < blocks_; ++layer.block) {
            const QColor colour =
                viridis((facts_.value(layer, metric_) - low) / std::max(high - low, 1e-12));
            painter.fillRect(cell(row, layer.block).adjusted(0, 0, -1, -1),
                             colour.isValid() ? colour : t.raised);
            if (facts_.isKept(layer)) // hatched: not "not known yet"
                painter.fillRect(cell(row, layer.block).adjusted(0, 0, -1, -1),
                                 QBrush(t.text3, Qt::BDiagPattern));
        }
        painter.setPen(t.text2);
        const QRectF first = cell(row, 0);
        painter.drawText(QRectF(0, first.top(), first.left() - labelGap, first.height()),
                         Qt::AlignRight | Qt::AlignVCenter,
                         rowLabel(rows_[static_cast<std::size_t>(row)]));
    }
    if (pinned_)
        paintFrame(painter, *pinned_, QPen(t.text1, 2, Qt::DotLine));
    paintFrame(painter, current_, QPen(hasFocus() ? t.accent : t.text1, 2));
}

void LayerMap::paintFrame(QPainter& painter, const LayerId& layer, const QPen& pen) const {
    for (int row = 0; row < static_cast<int>(rows_.size()); ++row)
        if (const LayerId& id = rows_[static_cast<std::size_t>(row)];
            id.kind == layer.kind && id.index == layer.index) {
            painter.setBrush(Qt::NoBrush);
            const QRectF box = cell(row, layer.block).adjusted(-1.5, -1.5, 0.5, 0.5);
            painter.setPen(QPen(theme_.tokens().surface, 4));
            painter.drawRect(box);
            painter.setPen(pen);
            painter.drawRect(box);
        }
}

void LayerMap::paintAxes(QPainter& painter) const {
    const QRect area = grid();
    painter.setPen(theme_.tokens().text2);
    const QFontMetrics metrics(painter.font());
    const int widest = metrics.horizontalAdvance(QString::number(blocks_ - 1)) + 10;
    const double width = cell(0, 0).width();
    std::int64_t step = 1;
    for (const std::int64_t candidate : {1, 2, 5, 10, 20, 50, 100}) {
        step = candidate;
        if (width * static_cast<double>(candidate) >= widest)
            break;
    }
    for (std::int64_t block = 0; block < blocks_; ++block) {
        const bool last = block == blocks_ - 1;
        const bool nearLast = static_cast<double>(blocks_ - 1 - block) * width < widest;
        if (!last && (block % step != 0 || nearLast))
            continue;
        QRectF box(0, area.bottom() + 3, widest, axisHeight - 3);
        box.moveCenter({cell(0, block).center().x(), box.center().y()});
        box.moveRight(std::min(box.right(),
                               static_cast<double>(rect().right()) + 4.0)); // the last one, whole
        painter.drawText(box, Qt::AlignHCenter | Qt::AlignTop, QString::number(block));
    }
    painter.drawText(QRect(area.left(), area.bottom() + axisHeight, area.width(), titleHeight),
                     Qt::AlignHCenter | Qt::AlignTop, tr("Block"));
}

void LayerMap::paintScale(QPainter& painter) const {
    const auto [low, high] = facts_.range(metric_);
    const int decimals = words(metric_).decimals;
    ColourScale::paint(painter,
                       QRectF(grid().left(), height() - scaleHeight, grid().width(), scaleHeight),
                       numberText(low, decimals), numberText(high, decimals));
}

std::optional<LayerId> LayerMap::layerAt(QPoint at) const {
    for (int row = 0; row < static_cast<int>(rows_.size()); ++row)
        for (std::int64_t block = 0; block < blocks_; ++block)
            if (cell(row, block).contains(at)) {
                LayerId layer = rows_[static_cast<std::size_t>(row)];
                layer.block = block;
                return layer;
            }
    return std::nullopt;
}

QString LayerMap::describe(const LayerId& layer) const {
    const MetricWords text = words(metric_);
    if (facts_.isKept(layer))
        return tr("%1: kept in float").arg(QString::fromStdString(layerName(layer)));
    return tr("%1: %2 %3")
        .arg(QString::fromStdString(layerName(layer)), text.name,
             numberText(facts_.value(layer, metric_), text.decimals));
}

void LayerMap::mousePressEvent(QMouseEvent* event) {
    if (const auto layer = layerAt(event->position().toPoint()))
        Q_EMIT chosen(*layer);
}

void LayerMap::move(int rows, int blocks) {
    for (int row = 0; row < static_cast<int>(rows_.size()); ++row) {
        const LayerId& id = rows_[static_cast<std::size_t>(row)];
        if (id.kind != current_.kind || id.index != current_.index)
            continue;
        LayerId next = rows_[static_cast<std::size_t>(
            std::clamp(row + rows, 0, static_cast<int>(rows_.size()) - 1))];
        next.block = std::clamp<std::int64_t>(current_.block + blocks, 0, blocks_ - 1);
        Q_EMIT chosen(next);
        return;
    }
}

void LayerMap::keyPressEvent(QKeyEvent* event) {
    switch (event->key()) {
    case Qt::Key_Up:
        return move(-1, 0);
    case Qt::Key_Down:
        return move(1, 0);
    case Qt::Key_Left:
        return move(0, -1);
    case Qt::Key_Right:
        return move(0, 1);
    default:
        QWidget::keyPressEvent(event);
    }
}

bool LayerMap::event(QEvent* event) {
    if (event->type() == QEvent::ToolTip) {
        const auto* help = static_cast<QHelpEvent*>(event);
        const auto layer = layerAt(help->pos());
        QToolTip::showText(help->globalPos(),
                           layer ? describe(*layer) + "\n" + words(metric_).definition
                                 : words(metric_).definition,
                           this);
        return true;
    }
    return QWidget::event(event);
}

} // namespace bwla::ui
