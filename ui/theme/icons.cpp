// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/theme/icons.h"

#include <QFile>
#include <QIconEngine>
#include <QPainter>
#include <QSvgRenderer>

namespace bwla::ui {
namespace {

QByteArray coloured(QByteArray svg, const QColor& colour) {
    return svg.replace("currentColor", colour.name().toLatin1());
}

/// Renders at the size that is asked for, so icons stay sharp at 200 %.
class SvgEngine final : public QIconEngine {
public:
    SvgEngine(QByteArray svg, QColor colour, QColor disabled)
        : svg_(std::move(svg)), colour_(std::move(colour)), disabled_(std::move(disabled)) {}

    void paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State) override {
        QSvgRenderer renderer(coloured(svg_, mode == QIcon::Disabled ? disabled_ : colour_));
        renderer.setAspectRatioMode(Qt::KeepAspectRatio);
        renderer.render(painter, rect);
    }

    QPixmap pixmap(const QSize& size, QIcon::Mode mode, QIcon::State state) override {
        QPixmap pixmap(size);
        pixmap.fill(Qt::transparent);
        QPainter painter(&pixmap);
        paint(&painter, QRect(QPoint(), size), mode, state);
        return pixmap;
    }

    [[nodiscard]] QIconEngine* clone() const override { return new SvgEngine(*this); }

private:
    QByteArray svg_;
    QColor colour_, disabled_;
};

} // namespace

QIcon svgIcon(const QString& name, const QColor& colour, const QColor& disabled) {
    QFile file(":/icons/" + name + ".svg");
    if (!file.open(QIODevice::ReadOnly))
        return {};
    return QIcon(new SvgEngine(file.readAll(), colour, disabled));
}

} // namespace bwla::ui
