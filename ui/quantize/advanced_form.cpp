// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/quantize/advanced_form.h"

#include "core/quant/quantize_estimate.h"
#include "ui/quantize/factors_form.h"
#include "ui/quantize/float_parts_form.h"
#include "ui/quantize/number_box.h"
#include "ui/widgets/card.h"
#include "ui/widgets/numbers.h"

#include <QGridLayout>
#include <QHBoxLayout>
#include <QPushButton>

namespace bwla::ui {
namespace {

QString priceText(double bits) {
    return AdvancedForm::tr("+%1 bits").arg(numberText(bits, 2));
}

/// "+1.90 bits": what keeping parts in float adds to the bits over all linears.
QString floatPrice(const ModelConfig& config, const QuantizeSettings& settings) {
    if (settings.inFloat == FloatParts())
        return {};
    QuantizeSettings none = settings;
    none.inFloat = {};
    const auto bits = [&](const QuantizeSettings& s) {
        return estimateQuantization(config, s, 0, {}).ledger.bitsPerWeight();
    };
    return priceText(bits(settings) - bits(none));
}

/// What one part costs: with it less without it.
QString partPrice(const BitsLedger& ledger, std::int64_t BitsLedger::*part) {
    return priceText(static_cast<double>(ledger.*part) /
                     static_cast<double>(std::max<std::int64_t>(ledger.weights, 1)));
}

QWidget* headOf(const QString& name, QLabel* price) {
    QLabel* title = label(name, "secondary");
    if (price == nullptr)
        return title;
    auto* head = new QWidget;
    auto* row = new QHBoxLayout(head);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(8);
    row->addWidget(title, 1);
    row->addWidget(price);
    return head;
}

} // namespace

AdvancedForm::AdvancedForm(QWidget* parent) : QWidget(parent), grid_(new QGridLayout(this)) {
    grid_->setContentsMargins(0, 0, 0, 0);
    grid_->setHorizontalSpacing(16);
    grid_->setVerticalSpacing(8);
    addActivations();
    addRotation();
    addSigns();
    addLowRank();
    addFloatParts();
    addTraining();
    addBlockTraining();
    addRun();
    setColumns(2);
}

void AdvancedForm::addSection(const QString& title) {
    sections_ << Section{label(title, "title"), {}};
    if (sections_.size() > 1)
        sections_.last().title->setContentsMargins(0, 8, 0, 0);
}

void AdvancedForm::add(Field field, const Words& words) {
    const QString help = words.help + "\n" + field.option;
    field.counts = words.counts;
    field.head = headOf(words.name, field.price);
    field.head->setToolTip(help);
    field.widget->setToolTip(help);
    const auto nameIt = [&](QWidget* widget) {
        if (widget->accessibleName().isEmpty() && widget->focusPolicy() != Qt::NoFocus &&
            qobject_cast<QPushButton*>(widget) == nullptr)
            widget->setAccessibleName(words.name);
    };
    nameIt(field.widget);
    for (QWidget* child :
         field.widget->findChildren<QWidget*>(QString(), Qt::FindDirectChildrenOnly)) {
        nameIt(child);
        if (child->toolTip().isEmpty())
            child->setToolTip(help);
    }
    sections_.last().fields << field;
}

void AdvancedForm::setColumns(int columns) {
    if (columns == columns_)
        return;
    columns_ = columns;
    while (QLayoutItem* item = grid_->takeAt(0))
        delete item;
    int top = 0;
    for (const Section& section : sections_) {
        grid_->addWidget(section.title, top++, 0, 1, 2 * columns);
        const auto rows = (static_cast<int>(section.fields.size()) + columns - 1) / columns;
        const bool alone = section.fields.size() == 1;
        for (int i = 0; i < section.fields.size(); ++i) {
            const int row = top + i / columns, column = 2 * (i % columns);
            grid_->addWidget(section.fields[i].head, row, column,
                             alone ? Qt::AlignTop : Qt::Alignment());
            grid_->addWidget(section.fields[i].widget, row, column + 1, 1,
                             alone ? 2 * columns - 1 : 1);
        }
        top += rows;
    }
    for (int column = 0; column < 4; ++column)
        grid_->setColumnStretch(column, column < 2 * columns ? 1 + column % 2 : 0);
}

QStringList AdvancedForm::options() const {
    QStringList options;
    for (const Section& section : sections_)
        for (const Field& field : section.fields)
            options += field.option.split(", ");
    return options;
}

void AdvancedForm::tellEdited() {
    if (!setting_)
        Q_EMIT edited();
}

void AdvancedForm::setSettings(const QuantizeSettings& s, const ModelConfig& config) {
    setting_ = true;
    config_ = config;
    for (const Section& section : sections_)
        for (const Field& field : section.fields) {
            if (field.option != "--rank-budget" || s.pspRounds > 0) // else see applyTo()
                field.show(s);
            field.widget->setEnabled(!field.counts || field.counts(s));
        }
    klTokens_->setSpecialValueText(tr("usual (%1)").arg(wholeText(usualKlTokens(s))));
    showPrices(s, config);
    setting_ = false;
}

void AdvancedForm::showPrices(const QuantizeSettings& s, const ModelConfig& config) {
    const BitsLedger ledger = estimateQuantization(config, s, 0, {}).ledger;
    rankPrice_->setText(partPrice(ledger, &BitsLedger::lowRankBits));
    factorsPrice_->setText(partPrice(ledger, &BitsLedger::rotationBits));
    inFloat_->setPrice(floatPrice(config, s));
}

QuantizeSettings AdvancedForm::applyTo(QuantizeSettings s) const {
    for (const Section& section : sections_)
        for (const Field& field : section.fields)
            field.read(s);
    if (s.pspRounds == 0) // nothing to budget; the field keeps its value until there is
        s.rankBudget = 0.0;
    return s;
}

} // namespace bwla::ui
