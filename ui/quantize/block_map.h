// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/quant/block_report.h"

#include <QWidget>

#include <vector>

namespace bwla::ui {

class Theme;

/// Finished blocks as a map, a row an input group, a column a block, colour = output error. The
/// block in work is outlined.
class BlockMap : public QWidget {
    Q_OBJECT

public:
    explicit BlockMap(Theme& theme, QWidget* parent = nullptr);
    void start(std::int64_t blocks);
    void add(const BlockReport& report);
    void setCurrent(std::int64_t block);
    [[nodiscard]] const std::vector<BlockReport>& reports() const { return reports_; }
    [[nodiscard]] QSize sizeHint() const override { return {240, 160}; }

protected:
    void paintEvent(QPaintEvent* event) override;
    bool event(QEvent* event) override;

private:
    [[nodiscard]] int labelWidth() const;
    [[nodiscard]] QRectF cell(std::int64_t block, int group) const;
    [[nodiscard]] std::pair<double, double> range() const;
    void paintScale(QPainter& painter, const QRectF& area) const;

    Theme& theme_;
    std::vector<BlockReport> reports_;
    std::int64_t blocks_ = 0, current_ = -1;
};

} // namespace bwla::ui
