// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/widgets/plot_data.h"

#include <QSet>
#include <QWidget>

namespace bwla::ui {

class Theme;

/// The curves' names in one line, each behind a sample of its real line and fill. A click, or space
/// on the entry that the arrow keys chose, hides the curve.
class PlotLegend : public QWidget {
    Q_OBJECT

public:
    explicit PlotLegend(Theme& theme, QWidget* parent = nullptr);

    void setSeries(const QList<PlotSeries>& series, const QSet<QString>& hidden);
    /// Draws the line at the top of `area`, centred, as an export needs it.
    void paint(QPainter& painter, const QRect& area) const;
    [[nodiscard]] QSize sizeHint() const override;
    [[nodiscard]] QSize minimumSizeHint() const override;

Q_SIGNALS:
    void toggled(const QString& name);

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    [[nodiscard]] QList<QRect> entries(const QRect& area) const;
    void paintSample(QPainter& painter, const QRect& entry, const PlotSeries& series) const;

    Theme& theme_;
    QList<PlotSeries> series_;
    QSet<QString> hidden_;
    int current_ = 0;
};

} // namespace bwla::ui
