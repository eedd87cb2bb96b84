// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/quantize/float_parts_form.h"

#include "core/error.h"
#include "ui/widgets/card.h"
#include "ui/widgets/numbers.h"

#include <QCheckBox>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QSpinBox>
#include <QVBoxLayout>

#include <algorithm>

namespace bwla::ui {
namespace {

/// A group in every block, which has a box of its own.
bool hasBox(const KeptModule& module) {
    return !module.block && module.group;
}

QHBoxLayout* rowIn(QVBoxLayout* column) {
    auto* row = new QHBoxLayout;
    row->setSpacing(8);
    column->addLayout(row);
    return row;
}

} // namespace

FloatPartsForm::FloatPartsForm(QWidget* parent)
    : QWidget(parent), first_(new QSpinBox), last_(new QSpinBox), single_(new QLineEdit),
      price_(label({}, "caption")), problem_(label({}, "bad")) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(4);

    QHBoxLayout* boxes = rowIn(column);
    for (const InputGroup& g : groups()) {
        auto* box = new QCheckBox(groupName(g.kind));
        box->setToolTip(tr("Keep this group in float in every block: 16 bits a weight, its input "
                           "unrounded."));
        groups_[static_cast<std::size_t>(g.kind)] = box;
        boxes->addWidget(box);
        connect(box, &QCheckBox::toggled, this, &FloatPartsForm::take);
    }
    boxes->addStretch();

    QHBoxLayout* range = rowIn(column);
    range->addWidget(label(tr("and all but blocks"), "secondary"));
    range->addWidget(first_);
    range->addWidget(label(tr("to"), "secondary"));
    range->addWidget(last_);
    range->addStretch();
    first_->setAccessibleName(tr("First block to quantize"));
    last_->setAccessibleName(tr("Last block to quantize"));
    for (QSpinBox* box : {first_, last_}) {
        box->setToolTip(tr("Blocks outside this range stay in float."));
        box->setKeyboardTracking(false);
        connect(box, &QSpinBox::valueChanged, this, &FloatPartsForm::take);
    }

    QHBoxLayout* more = rowIn(column);
    single_->setAccessibleName(tr("Single blocks and groups kept in float"));
    single_->setPlaceholderText(tr("more, as 0,5:mlp_in"));
    single_->setToolTip(tr("Blocks, and groups of a block as BLOCK:GROUP, separated by commas."));
    more->addWidget(single_, 1);
    more->addWidget(price_);
    connect(single_, &QLineEdit::editingFinished, this, &FloatPartsForm::take);

    problem_->setWordWrap(true);
    problem_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    problem_->hide();
    column->addWidget(problem_);
}

void FloatPartsForm::setParts(const FloatParts& parts, std::int64_t blocks) {
    setting_ = true;
    parts_ = parts;
    blocks_ = blocks;
    const auto last = static_cast<int>(blocks) - 1;
    const auto [from, to] = parts.layers.value_or(std::pair<std::int64_t, std::int64_t>(0, last));
    first_->setRange(0, last);
    last_->setRange(0, last);
    first_->setValue(static_cast<int>(from));
    last_->setValue(static_cast<int>(to));
    for (const InputGroup& g : groups())
        groups_[static_cast<std::size_t>(g.kind)]->setChecked(
            std::ranges::find(parts.kept, KeptModule{{}, g.kind}) != parts.kept.end());
    FloatParts others;
    std::ranges::copy_if(parts.kept, std::back_inserter(others.kept),
                         [](const KeptModule& module) { return !hasBox(module); });
    single_->setText(QString::fromStdString(others.keptText()));
    problem_->hide();
    setting_ = false;
}

void FloatPartsForm::setPrice(const QString& text) {
    price_->setText(text);
}

FloatParts FloatPartsForm::read() const {
    FloatParts parts;
    QString text = single_->text().remove(' ');
    for (const InputGroup& g : groups())
        if (groups_[static_cast<std::size_t>(g.kind)]->isChecked())
            text += (text.isEmpty() ? "" : ",") + groupName(g.kind);
    parts.setKept(text.toStdString());
    if (first_->value() > 0 || last_->value() < last_->maximum())
        parts.setLayers((QString::number(first_->value()) + "-" + QString::number(last_->value()))
                            .toStdString());
    parts.check(blocks_);
    return parts;
}

void FloatPartsForm::take() {
    if (setting_)
        return;
    try {
        const FloatParts parts = read();
        problem_->hide();
        if (parts == parts_)
            return;
        parts_ = parts;
        Q_EMIT edited();
    } catch (const Error& error) {
        problem_->setText(tr("Not applied. %1").arg(errorText(error)));
        problem_->show();
    }
}

} // namespace bwla::ui
