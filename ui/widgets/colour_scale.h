// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

namespace bwla::ui {

class Theme;

/// The labelled scale of viridis maps, in one line: name, low, bar, high.
class ColourScale : public QWidget {
    Q_OBJECT

public:
    explicit ColourScale(Theme& theme, QWidget* parent = nullptr);
    void setScale(const QString& name, const QString& low, const QString& high);
    [[nodiscard]] QSize sizeHint() const override;
    [[nodiscard]] QSize minimumSizeHint() const override { return sizeHint(); }

    /// The bar with its labels inside `line`, in the painter's font and pen.
    static void paint(QPainter& painter, const QRectF& line, const QString& low,
                      const QString& high);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    Theme& theme_;
    QString name_, low_, high_;
};

} // namespace bwla::ui
