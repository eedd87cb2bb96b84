// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/quantize/factors_form.h"

#include "core/error.h"
#include "core/quant/factors_text.h"
#include "ui/widgets/card.h"
#include "ui/widgets/numbers.h"

#include <QComboBox>
#include <QLineEdit>
#include <QVBoxLayout>

namespace bwla::ui {
namespace {

constexpr int byGroup = 2; ///< the choice after the rules

std::pair<int, int> factorsOf(const QuantizeSettings& s, GroupKind kind,
                              const ModelConfig& config) {
    std::int64_t outputs = 0;
    for (int linear = 0; linear < static_cast<int>(group(kind).linears.size()); ++linear)
        outputs += config.linearOutputs(kind, linear);
    return rotationFactors(s, kind, config.groupInputs(kind), outputs);
}

/// "24 × 24" of the group that comes first.
QString factorsText(FactorRule rule, const ModelConfig& config) {
    QuantizeSettings s;
    s.factors = rule;
    const auto [a, b] = factorsOf(s, GroupKind::attnIn, config);
    return QString("%1 × %2").arg(a).arg(b);
}

bool hasOverrides(const QuantizeSettings& s) {
    return std::ranges::any_of(s.factorsOverride,
                               [](const auto& pair) { return pair.has_value(); });
}

} // namespace

FactorsForm::FactorsForm(QWidget* parent)
    : QWidget(parent), rule_(new QComboBox), groups_(new QLineEdit), problem_(label({}, "bad")) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(4);
    column->addWidget(rule_);
    column->addWidget(groups_);
    column->addWidget(problem_);
    rule_->addItems({{}, {}, tr("By group")});
    groups_->setAccessibleName(tr("Factors of groups"));
    groups_->setPlaceholderText("attn_in=4x144,mlp_in=2x288");
    problem_->setWordWrap(true);
    problem_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    groups_->hide();
    problem_->hide();
    setFocusProxy(rule_);
    connect(rule_, &QComboBox::currentIndexChanged, this, &FactorsForm::take);
    connect(groups_, &QLineEdit::editingFinished, this, &FactorsForm::take);
}

void FactorsForm::show(const QuantizeSettings& settings, const ModelConfig& config) {
    setting_ = true;
    shown_ = settings;
    config_ = config;
    rule_->setItemText(0,
                       tr("As equal as possible (%1)").arg(factorsText(FactorRule::equal, config)));
    rule_->setItemText(1, tr("Wide (%1)").arg(factorsText(FactorRule::wide, config)));
    const bool grouped = hasOverrides(settings);
    rule_->setCurrentIndex(grouped ? byGroup : static_cast<int>(settings.factors));
    groups_->setText(grouped ? QString::fromStdString(bwla::factorsText(settings)) : QString());
    groups_->setVisible(grouped);
    problem_->hide();
    setting_ = false;
}

void FactorsForm::read(QuantizeSettings& settings) const {
    settings.factors = shown_.factors;
    settings.factorsOverride = shown_.factorsOverride;
}

QuantizeSettings FactorsForm::chosen() const {
    QuantizeSettings s = shown_;
    if (rule_->currentIndex() != byGroup) {
        s.factors = static_cast<FactorRule>(rule_->currentIndex());
        s.factorsOverride = {};
        return s;
    }
    setFactors(s, groups_->text().remove(' ').toStdString());
    for (const InputGroup& g : groups())
        (void)factorsOf(s, g.kind, config_);
    return s;
}

void FactorsForm::take() {
    if (setting_)
        return;
    const bool grouped = rule_->currentIndex() == byGroup;
    groups_->setVisible(grouped);
    try {
        const QuantizeSettings next = chosen();
        problem_->hide();
        if (bwla::factorsText(next) == bwla::factorsText(shown_))
            return;
        shown_ = next;
        Q_EMIT edited();
    } catch (const Error& error) {
        problem_->setText(tr("Not applied. %1").arg(errorText(error)));
        problem_->show();
    }
}

} // namespace bwla::ui
