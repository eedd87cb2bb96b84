// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/card.h"

#include <QHBoxLayout>
#include <QToolButton>

namespace bwla::ui {

Card::Card(const QString& title, QWidget* parent)
    : QFrame(parent), title_(label(title, "title")), detail_(label({}, "caption")),
      titleRow_(new QHBoxLayout), body_(new QVBoxLayout) {
    setProperty("card", true);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(16, 8, 16, 16);
    column->setSpacing(8);
    titleRow_->setSpacing(8);
    titleRow_->addWidget(title_);
    titleRow_->addWidget(detail_, 1);
    column->addLayout(titleRow_);
    column->addLayout(body_, 1);
    body_->setSpacing(8);
    title_->setMinimumHeight(24);
    setTitle(title);
}

void Card::setTitle(const QString& title) {
    title_->setText(title);
    title_->setVisible(!title.isEmpty());
    detail_->setVisible(!title.isEmpty());
}

void Card::setDetail(const QString& detail) {
    detail_->setText(detail);
}

QToolButton* Card::addTool(const QIcon& icon, const QString& description) {
    auto* tool = new QToolButton;
    tool->setIcon(icon);
    tool->setFixedSize(24, 24);
    tool->setToolTip(description);
    tool->setAccessibleName(description);
    addTool(tool);
    return tool;
}

void Card::addTool(QWidget* widget) {
    titleRow_->addWidget(widget);
}

QLabel* label(const QString& text, const char* role) {
    auto* result = new QLabel(text);
    if (role != nullptr)
        result->setProperty("role", role);
    return result;
}

} // namespace bwla::ui
