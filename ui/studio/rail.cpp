// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/studio/rail.h"

#include "ui/theme/theme.h"

#include <QLabel>
#include <QPainter>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>

namespace bwla::ui {
namespace {

constexpr int wide = 80, narrow = 56, buttonHeight = 64;

QString buttonSheet(const Tokens& t) {
    return QString("QToolButton { color: %1; border: none; border-radius: 6px; padding: 6px 0 4px "
                   "0; background: "
                   "transparent; font-weight: 400; }"
                   "QToolButton:hover { background: %2; }"
                   "QToolButton:focus { border: 2px solid %5; }"
                   "QToolButton:checked { background: %3; color: %4; font-weight: 600; }")
        .arg(t.text2.name(), t.raised.name(), t.sel.name(), t.text1.name(), t.accent.name());
}

} // namespace

Rail::Rail(Theme& theme, QWidget* parent)
    : QWidget(parent), theme_(theme), mark_(new QLabel), top_(new QVBoxLayout),
      bottom_(new QVBoxLayout) {
    setObjectName("rail");
    setAttribute(Qt::WA_StyledBackground);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(8, 8, 8, 8);
    column->setSpacing(4);
    mark_->setAlignment(Qt::AlignCenter);
    mark_->setFixedHeight(40);
    column->addWidget(mark_);
    column->addLayout(top_);
    column->addStretch();
    column->addLayout(bottom_);
    top_->setSpacing(4);
    bottom_->setSpacing(4);
    setCompact(false);
    connect(&theme_, &Theme::changed, this, [this] {
        setCompact(compact_);
        redraw();
    });
    redraw();
}

void Rail::addPage(const QString& title, const QString& icon) {
    QToolButton* button = makeButton(title, icon);
    const auto index = static_cast<int>(pages_.size());
    button->setCheckable(true);
    button->setToolTip(tr("%1 (Ctrl+%2)").arg(title).arg(index + 1));
    connect(button, &QToolButton::clicked, this, [this, index] { Q_EMIT pageChosen(index); });
    pages_ << button;
    top_->addWidget(button);
}

QToolButton* Rail::addTool(const QString& title, const QString& icon) {
    QToolButton* button = makeButton(title, icon);
    bottom_->addWidget(button);
    return button;
}

void Rail::setCurrent(int index) {
    current_ = index;
    if (auto* focused = qobject_cast<QToolButton*>(focusWidget());
        focused != nullptr && focused->hasFocus() && pages_.contains(focused))
        pages_.value(index, focused)->setFocus(); // the ring stands on the page in front
    redraw();
    update();
}

void Rail::setCompact(bool compact) {
    compact_ = compact;
    setFixedWidth(compact ? narrow : std::max(wide, theme_.scaled(wide)));
    for (QToolButton* button : all_)
        fit(*button);
}

void Rail::fit(QToolButton& button) const {
    button.setToolButtonStyle(compact_ ? Qt::ToolButtonIconOnly : Qt::ToolButtonTextUnderIcon);
    button.setFixedSize(width() - 16, compact_ ? 48 : buttonHeight);
}

QToolButton* Rail::makeButton(const QString& title, const QString& icon) {
    auto* button = new QToolButton;
    button->setText(title);
    button->setToolTip(title);
    button->setAccessibleName(title);
    button->setProperty("iconName", icon);
    button->setIconSize({24, 24});
    fit(*button);
    all_ << button;
    return button;
}

void Rail::redraw() {
    const Tokens& t = theme_.tokens();
    mark_->setPixmap(theme_.icon("mark", t.accent).pixmap(40, 40));
    for (QToolButton* button : all_) {
        const bool here = pages_.indexOf(button) == current_ && current_ >= 0;
        button->setChecked(here);
        button->setIcon(
            theme_.icon(button->property("iconName").toString(), here ? t.accent : t.text2));
        button->setStyleSheet(buttonSheet(t));
    }
}

void Rail::paintEvent(QPaintEvent* event) {
    QWidget::paintEvent(event);
    if (current_ < 0 || current_ >= pages_.size())
        return;
    QPainter painter(this);
    const QRect button = pages_[current_]->geometry();
    const int x = isRightToLeft() ? width() - 4 : 0;
    painter.fillRect(QRect(x, button.top() + 12, 4, button.height() - 24), theme_.tokens().accent);
}

} // namespace bwla::ui
