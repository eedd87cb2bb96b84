// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/banner.h"

#include "ui/theme/theme.h"
#include "ui/widgets/failure_log.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QStyle>

#include <array>

namespace bwla::ui {
namespace {

struct Look {
    const char* tone;
    const char* icon;
};

constexpr std::array<Look, 4> looks{
    {{"ok", "check"}, {"info", "info"}, {"warn", "warning"}, {"bad", "warning"}}};

QColor iconColour(const Tokens& t, Banner::Tone tone) {
    const std::array<QColor, 4> colours{t.ok.text, t.accent, t.warn.text, t.bad.text};
    return colours.at(static_cast<std::size_t>(tone));
}

} // namespace

Banner::Banner(Theme& theme, QWidget* parent)
    : QFrame(parent), theme_(theme), icon_(new QLabel), text_(new QLabel),
      buttons_(new QHBoxLayout) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(12, 8, 12, 8);
    row->setSpacing(12);
    row->addWidget(icon_, 0, Qt::AlignTop);
    row->addWidget(text_, 1);
    row->addLayout(buttons_);
    text_->setWordWrap(true);
    text_->setTextFormat(Qt::RichText);
    text_->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    connect(&theme_, &Theme::changed, this, &Banner::redraw);
    hide();
}

void Banner::show(Tone tone, const QString& sentence, const QString& whatToDo) {
    tone_ = tone;
    sentence_ = sentence;
    whatToDo_ = whatToDo;
    redraw();
    setVisible(true);
    if (tone == Tone::bad)
        logFailure(text());
}

QPushButton* Banner::addButton(const QString& text) {
    auto* button = new QPushButton(text);
    button->setProperty("small", true);
    buttons_->addWidget(button);
    return button;
}

void Banner::clearButtons() {
    while (QLayoutItem* item = buttons_->takeAt(0)) {
        item->widget()->deleteLater();
        delete item;
    }
}

QString Banner::text() const {
    return whatToDo_.isEmpty() ? sentence_ : sentence_ + " " + whatToDo_;
}

void Banner::redraw() {
    const Look& look = looks.at(static_cast<std::size_t>(tone_));
    setProperty("tone", look.tone);
    style()->unpolish(this);
    style()->polish(this);
    icon_->setPixmap(theme_.icon(look.icon, iconColour(theme_.tokens(), tone_)).pixmap(20, 20));
    text_->setText("<b>" + sentence_.toHtmlEscaped() + "</b> " + whatToDo_.toHtmlEscaped());
    text_->setAccessibleName(text());
}

} // namespace bwla::ui
