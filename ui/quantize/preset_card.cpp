// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/quantize/preset_card.h"

#include "core/quant/measured_quality.h"
#include "ui/theme/theme.h"
#include "ui/widgets/card.h"
#include "ui/widgets/numbers.h"

#include <QCoreApplication>
#include <QFormLayout>
#include <QRadioButton>
#include <QStyle>

namespace bwla::ui {
namespace {

QString presetText(const QString& preset) {
    const auto tr = [](const char* text) {
        return QCoreApplication::translate("bwla::ui::PresetCard", text);
    };
    if (preset == "fast")
        return tr("Closed form, then a minute of training scales. A first look.");
    if (preset == "balanced")
        return tr("Trains scales and low rank for longer; on a GPU the signs too.");
    if (preset == "best")
        return tr("Trains everything, signs too, for longest. Use a GPU.");
    return tr("The paper's own steps, for comparison.");
}

QString text(std::string_view ascii) {
    return QString::fromLatin1(ascii.data(), static_cast<int>(ascii.size()));
}

/// What the preset reached elsewhere; the numbers of other settings are never shown as this run's.
QString similarText(const MeasuredQuality& similar) {
    return QCoreApplication::translate("bwla::ui::PresetCard", "%1 on %2, with text")
        .arg(numberText(similar.after, similar.after < 100 ? 1 : 0), text(similar.device));
}

QString similarDefinition(const MeasuredQuality& similar, bool measuredToo) {
    const auto tr = [](const char* words) {
        return QCoreApplication::translate("bwla::ui::PresetCard", words);
    };
    const QString said =
        tr("Perplexity %1 instead of %2, measured on %3, calibrated with %4 tokens, %5 of "
           "them WikiText-2's training text, the others written by the model, then %6 minutes of "
           "training.")
            .arg(numberText(similar.after, 1), numberText(similar.before, 1), text(similar.device),
                 wholeText(similar.tokens), numberText(100.0 * similar.fileShare, 0) + " %",
                 numberText(similar.klMinutes, 1));
    return measuredToo ? said
                       : said + " " + tr("This preset as it is set up here was not measured.");
}

} // namespace

QString presetTitle(const QString& preset) {
    QString title = preset;
    if (!title.isEmpty())
        title[0] = title[0].toUpper();
    return title;
}

PresetCard::PresetCard(Theme& theme, const QString& preset, QWidget* parent)
    : QFrame(parent), theme_(theme), preset_(preset),
      button_(new QRadioButton(presetTitle(preset))), text_(label(presetText(preset), "secondary")),
      time_(label({}, "title")), memory_(label({}, "title")), bits_(label({}, "title")),
      size_(label({}, "title")), perplexity_(label({}, "title")), similar_(label({}, "caption")) {
    setProperty("choice", true);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(12, 12, 12, 12);
    column->setSpacing(6);
    button_->setProperty("presetName", true);
    column->addWidget(button_);
    text_->setWordWrap(true);
    text_->setMinimumHeight(3 * text_->fontMetrics().height());
    text_->setAlignment(Qt::AlignTop | Qt::AlignLeft);
    column->addWidget(text_);
    auto* line = new QFrame;
    line->setProperty("line", true);
    column->addWidget(line);
    const auto row = [&](const QString& name, QLabel* value, const QString& help) {
        auto* cells = new QHBoxLayout;
        cells->addWidget(label(name, "caption"));
        cells->addStretch();
        cells->addWidget(value);
        value->setToolTip(help);
        column->addLayout(cells);
    };
    row(tr("Time"), time_,
        tr("An estimate, scaled from measured runs by this model's operations and this machine's "
           "cores. A dash: never measured on this device."));
    row(tr("Memory"), memory_,
        tr("An estimate of the program's peak resident memory. A dash: not measured yet."));
    row(tr("Bits, linear"), bits_, tr("Bits a weight of the linear layers, exact, from shapes."));
    row(tr("Size"), size_, tr("Bytes of all tensors, exact; tokenizer and headers on top."));
    row(tr("Perplexity"), perplexity_,
        tr("Measured, never estimated: WikiText-2 validation slice, 12 windows of 2,048 tokens. "
           "The "
           "line below says where another device or calibration text was used."));
    similar_->setWordWrap(true);
    similar_->setAlignment(Qt::AlignRight | Qt::AlignTop);
    column->addWidget(similar_);
    column->addStretch(); // cards are as high as the highest; their rows stand side by side
}

void PresetCard::show(const ModelSummary& model, const QuantizeSettings& settings, bool chosen,
                      bool custom) {
    setProperty("chosen", chosen);
    style()->unpolish(this);
    style()->polish(this);
    button_->setChecked(chosen);
    button_->setText(custom ? tr("Custom, from %1").arg(preset_) : presetTitle(preset_));
    const QuantizeEstimate e =
        estimateQuantization(model.config, settings, model.fileBytes, thisMachine());
    time_->setText(e.seconds ? durationRangeText(e.seconds->low, e.seconds->high) : "–");
    time_->setToolTip(
        tr("An estimate, scaled from runs measured on %1 by this model's operations "
           "and this machine's cores.")
            .arg(QString::fromUtf8(e.measuredOn.data(), static_cast<int>(e.measuredOn.size()))));
    memory_->setText(e.peakBytes ? bytesRangeText(e.peakBytes->low, e.peakBytes->high) : "–");
    bits_->setText(numberText(e.ledger.bitsPerWeight(), 3));
    size_->setText(bytesText(static_cast<double>(e.tensorBytes())));
    showQuality(model.config, settings);
    button_->setAccessibleDescription(
        tr("Time %1, memory %2, %3 bits").arg(time_->text(), memory_->text(), bits_->text()));
}

void PresetCard::showQuality(const ModelConfig& config, const QuantizeSettings& settings) {
    const auto quality = measuredQuality(config, settings);
    perplexity_->setText(
        quality
            ? tr("%1, now %2").arg(numberText(quality->after, 0), numberText(quality->before, 1))
            : tr("not measured"));
    const auto similar = similarQuality(config, settings);
    similar_->setVisible(similar.has_value());
    if (similar) {
        similar_->setText(similarText(*similar));
        similar_->setToolTip(similarDefinition(*similar, quality.has_value()));
    }
}

void PresetCard::mousePressEvent(QMouseEvent* event) {
    QFrame::mousePressEvent(event);
    button_->click();
}

} // namespace bwla::ui
