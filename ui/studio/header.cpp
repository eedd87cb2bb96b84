// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/studio/header.h"

#include "ui/studio/page.h"
#include "ui/widgets/card.h"

#include <QHBoxLayout>

namespace bwla::ui {

Header::Header(QWidget* parent) : QFrame(parent), stack_(new QStackedLayout(this)) {
    setObjectName("header");
    setFixedHeight(56);
}

void Header::addPage(Page& page) {
    auto* bar = new QWidget;
    auto* row = new QHBoxLayout(bar);
    row->setContentsMargins(24, 0, 16, 0);
    row->setSpacing(8);
    row->addWidget(label(page.title(), "pageTitle"));
    if (QWidget* context = page.headerContext()) {
        row->addSpacing(8);
        row->addWidget(context);
    }
    row->addStretch();
    for (QWidget* action : page.headerActions())
        row->addWidget(action);
    stack_->addWidget(bar);
}

void Header::setCurrent(int index) {
    stack_->setCurrentIndex(index);
}

} // namespace bwla::ui
