// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/size_bars.h"

#include "ui/theme/theme.h"
#include "ui/widgets/numbers.h"

#include <QPainter>

namespace bwla::ui {
namespace {

constexpr int barHeight = 16, rowHeight = 28;

} // namespace

SizeBars::SizeBars(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    connect(&theme_, &Theme::changed, this, [this] { update(); });
}

void SizeBars::setSizes(double now, double linears, double embeddings) {
    now_ = now;
    linears_ = linears;
    embeddings_ = embeddings;
    setAccessibleName(tr("Size now %1, quantized %2: layers %3, embeddings %4")
                          .arg(bytesText(now), bytesText(linears + embeddings), bytesText(linears),
                               bytesText(embeddings)));
    setToolTip(tr("Now: bytes of the model's files. W1A6: bytes of the quantized tensors, computed "
                  "from shapes and settings as the finished model counts them; tokenizer and "
                  "headers come on top. Both bars share one scale."));
    update();
}

QSize SizeBars::sizeHint() const {
    return {280, 2 * rowHeight + fontMetrics().height() + 4};
}

int SizeBars::labelWidth() const {
    return theme_.scaled(56);
}

void SizeBars::paintEvent(QPaintEvent*) {
    const Tokens& t = theme_.tokens();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QFont caption = theme_.font(TextRole::caption), strong = theme_.font(TextRole::cardTitle);
    const int valueWidth = QFontMetrics(strong).horizontalAdvance(bytesText(8.888e8)) + 8;
    const double scale =
        (width() - labelWidth() - valueWidth) / std::max({now_, linears_ + embeddings_, 1.0});
    const auto bar = [&](int row, double from, double bytes, const QColor& colour) {
        const QRectF box(labelWidth() + from * scale, row * rowHeight + 6,
                         std::max(bytes * scale - (from > 0 ? 2 : 0), 1.0), barHeight);
        painter.setPen(Qt::NoPen);
        painter.setBrush(colour);
        painter.drawRoundedRect(from > 0 ? box.translated(2, 0) : box, 2, 2);
    };
    const auto texts = [&](int row, const QString& name, const QString& value, const QFont& font) {
        const QRect line(0, row * rowHeight, width(), rowHeight);
        painter.setFont(caption);
        painter.setPen(t.text3);
        painter.drawText(line, Qt::AlignLeft | Qt::AlignVCenter, name);
        painter.setFont(font);
        painter.setPen(t.text1);
        painter.drawText(line, Qt::AlignRight | Qt::AlignVCenter, value);
    };
    const QColor green = seriesStyle(Series::quantized, t).colour;
    QColor pale = green;
    pale.setAlphaF(0.55F);
    bar(0, 0.0, now_, seriesStyle(Series::original, t).colour);
    bar(1, 0.0, linears_, green);
    bar(1, linears_, embeddings_, pale);
    texts(0, tr("Now"), bytesText(now_), theme_.font(TextRole::body));
    texts(1, "W1A6", bytesText(linears_ + embeddings_), strong);
    painter.setFont(caption);
    painter.setPen(t.text3);
    painter.drawText(
        QRect(labelWidth(), 2 * rowHeight, width() - labelWidth(), height() - 2 * rowHeight),
        Qt::AlignLeft | Qt::AlignTop,
        tr("Layers %1, embeddings %2").arg(bytesText(linears_), bytesText(embeddings_)));
}

} // namespace bwla::ui
