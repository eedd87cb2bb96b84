// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/inspect/layer_metrics.h"

#include <QWidget>

namespace bwla::ui {

class Theme;

/// All layers as one picture: a row a linear, a column a block, colour by the metric, its scale
/// below. Arrows and clicks choose a layer.
class LayerMap : public QWidget {
    Q_OBJECT

public:
    LayerMap(Theme& theme, const LayerFacts& facts, QWidget* parent = nullptr);

    void setLayers(const std::vector<LayerId>& layers);
    void setMetric(LayerMetric metric);
    void setCurrent(const LayerId& layer);
    /// Marked with a dashed frame, to compare with.
    void setPinned(const std::optional<LayerId>& layer);
    void factsChanged() { update(); }
    [[nodiscard]] QSize sizeHint() const override;
    [[nodiscard]] QSize minimumSizeHint() const override;

Q_SIGNALS:
    void chosen(const bwla::LayerId& layer);

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    bool event(QEvent* event) override;

private:
    [[nodiscard]] QRectF cell(int row, std::int64_t block) const;
    [[nodiscard]] QRect grid() const;
    [[nodiscard]] std::optional<LayerId> layerAt(QPoint at) const;
    [[nodiscard]] QString describe(const LayerId& layer) const;
    void paintCells(QPainter& painter) const;
    void paintFrame(QPainter& painter, const LayerId& layer, const QPen& pen) const;
    void paintAxes(QPainter& painter) const;
    void paintScale(QPainter& painter) const;
    void move(int rows, int blocks);

    Theme& theme_;
    const LayerFacts& facts_;
    std::vector<LayerId> rows_; ///< the linears of a block
    std::int64_t blocks_ = 0;
    LayerMetric metric_ = LayerMetric::plainError;
    LayerId current_;
    std::optional<LayerId> pinned_;
};

} // namespace bwla::ui
