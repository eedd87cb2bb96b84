// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/model_delegate.h"

#include "ui/models/model_list.h"
#include "ui/theme/theme.h"

#include <QPainter>

namespace bwla::ui {
namespace {

constexpr int inset = 8, chipHeight = 20, barWidth = 3;
constexpr int sortArrow = 20; ///< what the head keeps free for it at the right of a column

struct ChipLook {
    Tone tone;
    const char* icon;
};

ChipLook chipLook(ModelState state, const Tokens& t) {
    switch (state) {
    case ModelState::checking:
        return {t.info, "refresh"};
    case ModelState::ready:
        return {t.ok, "check"};
    case ModelState::noTokenizer:
        return {t.warn, "warning"};
    case ModelState::failed:
        break;
    }
    return {t.bad, "warning"};
}

} // namespace

int ModelDelegate::rowHeight() const {
    const int lines = QFontMetrics(theme_.font(TextRole::cardTitle)).height() +
                      QFontMetrics(theme_.font(TextRole::caption)).height();
    return std::max(56, lines + 3 * inset - 4);
}

void ModelDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option,
                          const QModelIndex& index) const {
    const Tokens& t = theme_.tokens();
    const bool selected = option.state.testFlag(QStyle::State_Selected);
    const QRect box = option.rect;
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    painter->fillRect(box, selected ? t.sel : t.surface);
    painter->setPen(t.grid);
    painter->drawLine(box.bottomLeft(), box.bottomRight());
    if (selected && option.widget != nullptr && option.widget->hasFocus()) // a ring, cell by cell
        for (const int top : {box.top(), box.bottom() - 1})
            painter->fillRect(box.left(), top, box.width(), 2, t.accent);
    if (index.column() == ModelList::nameColumn)
        paintName(painter, box, index, selected);
    else if (index.column() == ModelList::stateColumn)
        paintState(painter, box, index);
    else {
        painter->setPen(selected ? t.text1 : t.text2);
        painter->setFont(theme_.font(TextRole::body));
        const auto align = Qt::Alignment(index.data(Qt::TextAlignmentRole).toInt());
        const int right = align.testFlag(Qt::AlignRight) ? sortArrow : inset;
        const QRect inner = box.adjusted(inset, 0, -right, 0);
        painter->drawText(inner, static_cast<int>(align),
                          painter->fontMetrics().elidedText(index.data().toString(), Qt::ElideRight,
                                                            inner.width()));
    }
    painter->restore();
}

void ModelDelegate::paintName(QPainter* painter, const QRect& box, const QModelIndex& index,
                              bool selected) const {
    const Tokens& t = theme_.tokens();
    if (selected)
        painter->fillRect(QRect(box.left(), box.top(), barWidth, box.height()), t.accent);
    const QFont nameFont = theme_.font(TextRole::cardTitle),
                placeFont = theme_.font(TextRole::caption);
    const QFontMetrics name(nameFont), place(placeFont);
    const QRect inner = box.adjusted(inset, 0, -inset, 0);
    const int top = box.top() + (box.height() - name.height() - place.height()) / 2;
    painter->setFont(nameFont);
    painter->setPen(t.text1);
    painter->drawText(QRect(inner.left(), top, inner.width(), name.height()), Qt::AlignLeft,
                      name.elidedText(index.data().toString(), Qt::ElideMiddle, inner.width()));
    painter->setFont(placeFont);
    painter->setPen(selected ? t.text2 : t.text3);
    painter->drawText(QRect(inner.left(), top + name.height(), inner.width(), place.height()),
                      Qt::AlignLeft,
                      place.elidedText(index.data(ModelList::secondLineRole).toString(),
                                       Qt::ElideMiddle, inner.width()));
}

void ModelDelegate::paintState(QPainter* painter, const QRect& box,
                               const QModelIndex& index) const {
    const ChipLook look = chipLook(
        static_cast<ModelState>(index.data(ModelList::stateRole).toInt()), theme_.tokens());
    const QFont font = theme_.font(TextRole::caption);
    const QString text = index.data().toString();
    const int height = std::max(chipHeight, QFontMetrics(font).height() + 4);
    const int width = QFontMetrics(font).horizontalAdvance(text) + height + 14;
    const QRect chip(box.left() + inset, box.center().y() - height / 2,
                     std::min(width, box.width() - inset), height);
    painter->setBrush(look.tone.back);
    painter->setPen(look.tone.edge);
    painter->drawRoundedRect(QRectF(chip).adjusted(0.5, 0.5, -0.5, -0.5), height / 2.0,
                             height / 2.0);
    theme_.icon(look.icon, look.tone.text)
        .paint(painter, QRect(chip.left() + 6, chip.top() + 3, height - 6, height - 6));
    painter->setFont(font);
    painter->setPen(look.tone.text);
    painter->drawText(chip.adjusted(height + 2, 0, -6, 0), Qt::AlignVCenter | Qt::AlignLeft, text);
}

} // namespace bwla::ui
