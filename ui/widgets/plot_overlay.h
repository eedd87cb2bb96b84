// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/widgets/plot_cursor.h"

#include <QWidget>

#include <optional>

namespace bwla::ui {

class PlotCanvas;
class Theme;

/// Lies over the canvas and takes no mouse: the cursor's line, its dots, the read-out at the free
/// side, a range that is being selected, the focus ring. Moving the cursor repaints this alone.
class PlotOverlay : public QWidget {
    Q_OBJECT

public:
    PlotOverlay(const Theme& theme, const PlotCanvas& canvas, const PlotCursor& cursor,
                QWidget* parent);

    void setAxisTitle(const QString& title) { axisTitle_ = title; }
    void setMap(bool map) { map_ = map; }
    void setSelection(std::optional<QRect> pixels);
    void setFocusRing(bool shown);
    /// The read-out in words, for the screen reader and the clipboard.
    [[nodiscard]] QString readOut() const;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    void paintDots(QPainter& painter) const;
    void paintBox(QPainter& painter) const;
    [[nodiscard]] QList<std::pair<QString, QString>> lines() const;

    const Theme& theme_;
    const PlotCanvas& canvas_;
    const PlotCursor& cursor_;
    QString axisTitle_;
    bool map_ = false;
    bool ring_ = false;
    std::optional<QRect> selection_;
};

} // namespace bwla::ui
