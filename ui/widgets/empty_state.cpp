// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/empty_state.h"

#include "ui/theme/theme.h"
#include "ui/widgets/card.h"
#include "ui/widgets/themed_icon.h"

#include <QHBoxLayout>
#include <QPushButton>
#include <QVBoxLayout>

namespace bwla::ui {

EmptyState::EmptyState(Theme& theme, const QString& icon, const QString& sentence, QWidget* parent)
    : QWidget(parent), sentence_(label(sentence, "name")), buttons_(new QHBoxLayout) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(24, 24, 24, 24);
    column->setSpacing(16);
    column->addStretch();
    auto* picture = new QLabel;
    setThemedIcon(theme, picture, icon, 64, [](const Tokens& t) { return t.text3; });
    column->addWidget(picture, 0, Qt::AlignHCenter);
    sentence_->setAlignment(Qt::AlignCenter);
    sentence_->setWordWrap(true);
    sentence_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    column->addWidget(sentence_);
    buttons_->setSpacing(8);
    buttons_->addStretch();
    buttons_->addStretch();
    column->addLayout(buttons_);
    column->addStretch();
}

void EmptyState::setSentence(const QString& sentence) {
    sentence_->setText(sentence);
}

QPushButton* EmptyState::addButton(const QString& text) {
    auto* button = new QPushButton(text);
    buttons_->insertWidget(buttons_->count() - 1, button);
    return button;
}

} // namespace bwla::ui
