// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/quantize/bits_view.h"

#include "ui/theme/theme.h"
#include "ui/widgets/numbers.h"

#include <QPainter>

namespace bwla::ui {
namespace {

constexpr int barHeight = 24, swatch = 12, gap = 2;

} // namespace

BitsView::BitsView(Theme& theme, QWidget* parent) : QWidget(parent), theme_(theme) {
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setToolTip(tr("Bits of every tensor of the linear layers, padding included, over their "
                  "weights: what the finished files hold. Whole file: embeddings, head and norms "
                  "too, over all parameters."));
    connect(&theme_, &Theme::changed, this, [this] {
        updateGeometry();
        update();
    });
}

void BitsView::setLedger(const BitsLedger& ledger, double parameters) {
    ledger_ = ledger;
    parameters_ = parameters;
    QStringList texts;
    for (const Part& part : parts())
        texts << part.name + " " + numberText(part.bits, 3);
    setAccessibleName(tr("Bits a weight: %1").arg(texts.join(", ")));
    updateGeometry();
    update();
}

/// Order and colours as the design names them: signs, row scales and means, column scales,
/// rotation, low rank.
QList<BitsView::Part> BitsView::parts() const {
    const bool dark = theme_.tokens().dark;
    const auto grey = [&](const char* inDark, const char* inLight) {
        return QColor(dark ? inDark : inLight);
    };
    const auto bits = [&](std::int64_t n) {
        return ledger_.weights > 0 ? static_cast<double>(n) / static_cast<double>(ledger_.weights)
                                   : 0.0;
    };
    QList<Part> all{
        {tr("Signs"), bits(ledger_.signBits),
         seriesStyle(Series::quantized, theme_.tokens()).colour},
        {tr("Row scales and means"), bits(ledger_.rowScaleBits + ledger_.rowMeanBits),
         grey("#5f6b7c", "#a9b4c3")},
        {tr("Column scales and clips"), bits(ledger_.columnScaleBits + ledger_.clipBits),
         grey("#8390a3", "#7c8797")},
        {tr("Rotation factors"), bits(ledger_.rotationBits), grey("#a9b4c3", "#566171")},
        {tr("Low-rank term"), bits(ledger_.lowRankBits), grey("#e9ecf1", "#171b21")}};
    if (ledger_.keptWeights > 0)
        all << Part{tr("Kept in float"), bits(ledger_.keptBits),
                    seriesStyle(Series::original, theme_.tokens()).colour};
    return all;
}

int BitsView::rowHeight() const {
    return std::max(20, QFontMetrics(theme_.font(TextRole::body)).height() + 6);
}

QSize BitsView::sizeHint() const {
    return {280, barHeight + 8 + (static_cast<int>(parts().size()) + 1) * rowHeight() + 8};
}

void BitsView::paintEvent(QPaintEvent*) {
    const Tokens& t = theme_.tokens();
    QPainter painter(this);
    const double whole = ledger_.weights > 0 ? ledger_.bitsPerWeight() : 1.0;
    double x = 0.0;
    int y = barHeight + 8;
    painter.setFont(theme_.font(TextRole::body));
    for (const Part& part : parts()) {
        const double wide = part.bits / whole * width();
        if (wide > 0.0)
            painter.fillRect(QRectF(x, 0, std::max(wide - gap, 1.0), barHeight), part.colour);
        x += wide;
        const QRect row(0, y, width(), rowHeight());
        painter.fillRect(QRect(0, row.center().y() - swatch / 2, swatch, swatch), part.colour);
        painter.setPen(t.text2);
        painter.drawText(row.adjusted(swatch + 8, 0, 0, 0), Qt::AlignLeft | Qt::AlignVCenter,
                         part.name);
        painter.setPen(t.text1);
        painter.drawText(row, Qt::AlignRight | Qt::AlignVCenter, numberText(part.bits, 3));
        y += rowHeight();
    }
    painter.setPen(t.border);
    painter.drawLine(0, y + 3, width(), y + 3);
    const QRect row(0, y + 6, width(), rowHeight());
    const double all =
        parameters_ > 0.0
            ? static_cast<double>(ledger_.linearBits() + ledger_.otherBits) / parameters_
            : 0.0;
    painter.setPen(t.text1);
    painter.setFont(theme_.font(TextRole::cardTitle));
    painter.drawText(row, Qt::AlignLeft | Qt::AlignVCenter,
                     tr("%1 bits linear").arg(numberText(whole, 3)));
    painter.setPen(t.text3);
    painter.setFont(theme_.font(TextRole::body));
    painter.drawText(row, Qt::AlignRight | Qt::AlignVCenter,
                     tr("%1 bits whole file").arg(numberText(all, 2)));
}

} // namespace bwla::ui
