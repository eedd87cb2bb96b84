// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/quantize/block_map.h"

#include "ui/theme/theme.h"
#include "ui/widgets/numbers.h"
#include "ui/widgets/viridis.h"

#include <QHelpEvent>
#include <QPainter>
#include <QToolTip>

#include <algorithm>

namespace bwla::ui {
namespace {

constexpr int scaleHeight = 44, tallestRow = 22;

} // namespace

BlockMap::BlockMap(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
    setMinimumHeight(132);
    setAccessibleName(tr("Finished blocks by output error"));
    connect(&theme_, &Theme::changed, this, [this] { update(); });
}

void BlockMap::start(std::int64_t blocks) {
    reports_.clear();
    blocks_ = blocks;
    current_ = -1;
    update();
}

void BlockMap::add(const BlockReport& report) {
    reports_.push_back(report);
    update();
}

void BlockMap::setCurrent(std::int64_t block) {
    current_ = block;
    update();
}

int BlockMap::labelWidth() const {
    return theme_.scaled(64);
}

QRectF BlockMap::cell(std::int64_t block, int group) const {
    const double wide =
        (width() - labelWidth()) / static_cast<double>(std::max<std::int64_t>(blocks_, 1));
    const double tall = std::min<double>(tallestRow, (height() - scaleHeight) / double{groupCount});
    return {labelWidth() + wide * static_cast<double>(block), tall * group, wide, tall};
}

std::pair<double, double> BlockMap::range() const {
    double low = 1e30, high = -1e30;
    for (const BlockReport& block : reports_)
        for (const GroupReport& g : block.groups) {
            if (g.kept)
                continue;
            low = std::min(low, g.activationError);
            high = std::max(high, g.activationError);
        }
    return high < low ? std::pair(0.0, 1.0) : std::pair(low, std::max(high, low + 1e-9));
}

void BlockMap::paintEvent(QPaintEvent*) {
    const Tokens& t = theme_.tokens();
    QPainter painter(this);
    painter.setFont(theme_.font(TextRole::caption));
    for (const InputGroup& g : groups()) {
        const auto k = static_cast<int>(g.kind);
        painter.setPen(t.text3);
        painter.drawText(QRectF(0, cell(0, k).top(), labelWidth() - 6, cell(0, k).height()),
                         Qt::AlignRight | Qt::AlignVCenter, groupName(g.kind));
        for (std::int64_t block = 0; block < blocks_; ++block)
            painter.fillRect(cell(block, k).adjusted(0.5, 1, -0.5, -1), t.raised);
    }
    if (!reports_.empty()) {
        const auto [low, high] = range();
        for (const BlockReport& block : reports_)
            for (const GroupReport& g : block.groups)
                painter.fillRect(
                    cell(block.block, static_cast<int>(g.kind)).adjusted(0.5, 1, -0.5, -1),
                    g.kept ? QBrush(t.text3, Qt::BDiagPattern)
                           : QBrush(viridis((g.activationError - low) / (high - low))));
    }
    if (current_ >= 0 && current_ < blocks_) {
        painter.setPen(QPen(t.accent, 2));
        painter.drawRect(
            cell(current_, 0).united(cell(current_, groupCount - 1)).adjusted(0, 1, 0, -1));
    }
    const double top = cell(0, groupCount - 1).bottom() + 6;
    paintScale(painter, QRectF(labelWidth(), top, width() - labelWidth(), scaleHeight));
}

void BlockMap::paintScale(QPainter& painter, const QRectF& area) const {
    const Tokens& t = theme_.tokens();
    painter.setPen(t.text3);
    const double line = painter.fontMetrics().height();
    if (reports_.empty()) {
        painter.drawText(area, Qt::AlignLeft | Qt::AlignTop, tr("No block finished yet"));
        return;
    }
    const auto [low, high] = range();
    const QString left = numberText(low, 3), right = numberText(high, 3);
    const double leftWidth = painter.fontMetrics().horizontalAdvance(left) + 8.0;
    const double rightWidth = painter.fontMetrics().horizontalAdvance(right) + 8.0;
    const QRectF row(area.left(), area.top(), area.width(), line);
    painter.drawText(row, Qt::AlignLeft | Qt::AlignVCenter, left);
    painter.drawText(row, Qt::AlignRight | Qt::AlignVCenter, right);
    const QRectF bar(row.left() + leftWidth, row.center().y() - 4,
                     row.width() - leftWidth - rightWidth, 8);
    QLinearGradient gradient(bar.topLeft(), bar.topRight());
    for (int i = 0; i <= 10; ++i)
        gradient.setColorAt(i / 10.0, viridis(i / 10.0));
    painter.fillRect(bar, gradient);
    painter.drawText(QRectF(area.left(), row.bottom() + 2, area.width(), line),
                     Qt::AlignLeft | Qt::AlignTop, tr("output error; outlined: in work"));
}

bool BlockMap::event(QEvent* event) {
    if (event->type() != QEvent::ToolTip)
        return QWidget::event(event);
    const auto* help = static_cast<QHelpEvent*>(event);
    for (const BlockReport& block : reports_)
        for (const GroupReport& g : block.groups)
            if (cell(block.block, static_cast<int>(g.kind)).contains(help->pos())) {
                QToolTip::showText(
                    help->globalPos(),
                    g.kept
                        ? tr("Block %1, %2: kept in float.").arg(block.block).arg(groupName(g.kind))
                        : tr("Block %1, %2: output error %3, weight error %4. "
                             "Shares of the squared "
                             "outputs and weights that the stored layer misses.")
                              .arg(block.block)
                              .arg(groupName(g.kind), numberText(g.activationError, 4),
                                   numberText(g.plainError, 4)),
                    this);
                return true;
            }
    QToolTip::showText(help->globalPos(),
                       tr("Colour: share of the squared outputs of a layer's inputs that the "
                          "stored weights miss; dark is low."),
                       this);
    return true;
}

} // namespace bwla::ui
