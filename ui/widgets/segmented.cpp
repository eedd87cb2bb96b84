// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/segmented.h"

#include <QButtonGroup>
#include <QHBoxLayout>
#include <QPushButton>

namespace bwla::ui {

Segmented::Segmented(const QString& accessibleName, const QStringList& texts, QWidget* parent)
    : QWidget(parent), buttons_(new QButtonGroup(this)) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(0);
    for (int i = 0; i < texts.size(); ++i) {
        auto* button = new QPushButton(texts[i]);
        button->setCheckable(true);
        button->setProperty("segment", i == 0                  ? "first"
                                       : i + 1 == texts.size() ? "last"
                                                               : "middle");
        button->setAccessibleName(accessibleName + ": " + texts[i]);
        buttons_->addButton(button, i);
        row->addWidget(button);
    }
    setCurrent(0);
    setAccessibleName(accessibleName);
    connect(buttons_, &QButtonGroup::idClicked, this, &Segmented::chosen);
}

int Segmented::current() const {
    return buttons_->checkedId();
}

void Segmented::setCurrent(int index) {
    if (QAbstractButton* button = buttons_->button(index))
        button->setChecked(true);
}

void Segmented::setText(int index, const QString& text) {
    buttons_->button(index)->setText(text);
}

void Segmented::setHelp(int index, const QString& toolTip) {
    buttons_->button(index)->setToolTip(toolTip);
}

} // namespace bwla::ui
