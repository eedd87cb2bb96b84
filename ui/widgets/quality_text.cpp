// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/quality_text.h"

#include "ui/widgets/numbers.h"

#include <QCoreApplication>

namespace bwla::ui {
namespace {

QString tr(const char* text) {
    return QCoreApplication::translate("bwla::ui::QualityText", text);
}

} // namespace

QString qualityText(const ModelConfig& config, const QuantizeSettings& settings) {
    const auto similar = similarQuality(config, settings);
    if (const auto quality = measuredQuality(config, settings)) {
        const QString said =
            tr("Models this small lose much at 1 bit: perplexity rises from %1 to about %2 "
               "(measured, WikiText-2 validation slice).")
                .arg(numberText(quality->before, 1), numberText(quality->after, 0));
        return similar ? said + " " +
                             tr("Calibrated with text of that kind: to %1.")
                                 .arg(numberText(similar->after, 0))
                       : said;
    }
    if (similar)
        return tr("Not measured as set up here; on %1, calibrated with WikiText-2 too, perplexity "
                  "rose from %2 to %3 (WikiText-2 validation slice).")
            .arg(QString::fromLatin1(similar->device.data(),
                                     static_cast<int>(similar->device.size())),
                 numberText(similar->before, 1), numberText(similar->after, 1));
    return tr("No measurement yet for this size and recipe.");
}

} // namespace bwla::ui
