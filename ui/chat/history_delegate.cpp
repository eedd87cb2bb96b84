// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/history_delegate.h"

#include "ui/chat/history_model.h"
#include "ui/theme/theme.h"

#include <QPainter>

namespace bwla::ui {
namespace {

constexpr int padding = 12;

int lineHeight(Theme& theme, TextRole role) {
    return QFontMetrics(theme.font(role)).height();
}

} // namespace

HistoryDelegate::HistoryDelegate(Theme& theme, QObject* parent)
    : QStyledItemDelegate(parent), theme_(theme) {}

QSize HistoryDelegate::sizeHint(const QStyleOptionViewItem&, const QModelIndex& index) const {
    const int caption = lineHeight(theme_, TextRole::caption);
    const bool heading = index.data(HistoryModel::chatRole).toLongLong() == 0;
    return {100, heading ? caption + 16 : lineHeight(theme_, TextRole::body) + caption + 12};
}

void HistoryDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option,
                            const QModelIndex& index) const {
    const Tokens& t = theme_.tokens();
    const bool heading = index.data(HistoryModel::chatRole).toLongLong() == 0;
    const bool selected = (option.state & QStyle::State_Selected) != 0;
    const QRect inside = option.rect.adjusted(padding, 0, -padding, 0);
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    if (!heading && (selected || (option.state & QStyle::State_MouseOver) != 0)) {
        painter->setBrush(selected ? t.sel : t.raised);
        const bool focus = selected && (option.state & QStyle::State_HasFocus) != 0;
        painter->setPen(focus ? QPen(t.accent, 2) : QPen(Qt::NoPen));
        painter->drawRoundedRect(QRectF(option.rect).adjusted(1, 1, -1, -1), 6, 6);
        if (selected) // not by colour alone
            painter->fillRect(
                QRect(option.rect.left(), option.rect.top() + 6, 3, option.rect.height() - 12),
                t.accent);
    }
    const auto line = [&](const QFont& font, const QColor& colour, int top, const QString& text) {
        painter->setFont(font);
        painter->setPen(colour);
        const QFontMetrics metrics(font);
        painter->drawText(QRect(inside.left(), top, inside.width(), metrics.height()),
                          Qt::AlignLeft | Qt::AlignVCenter,
                          metrics.elidedText(text, Qt::ElideRight, inside.width()));
    };
    const QString title = index.data(Qt::DisplayRole).toString();
    if (heading) {
        const int caption = lineHeight(theme_, TextRole::caption);
        line(theme_.font(TextRole::caption), t.text2, option.rect.bottom() - caption - 4, title);
    } else {
        QFont body = theme_.font(TextRole::body);
        body.setWeight(selected ? QFont::DemiBold : QFont::Normal);
        const int top = option.rect.top() + 6;
        line(body, t.text1, top, title);
        line(theme_.font(TextRole::caption), t.text2, top + QFontMetrics(body).height(),
             index.data(HistoryModel::detailRole).toString());
    }
    painter->restore();
}

void HistoryDelegate::updateEditorGeometry(QWidget* editor, const QStyleOptionViewItem& option,
                                           const QModelIndex&) const {
    editor->setGeometry(option.rect.adjusted(2, 4, -2, -4));
}

} // namespace bwla::ui
