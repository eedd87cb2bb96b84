// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/quantize_forecast.h"

#include "app/cli/text.h"
#include "core/model/model_summary.h"

namespace bwla {
namespace {

OrderedJson ends(const std::optional<EstimateRange>& range) {
    return range ? OrderedJson{range->low, range->high} : OrderedJson(nullptr);
}

OrderedJson measuredDocument(const MeasuredQuality& measured) {
    return {{"before", measured.before},
            {"after", measured.after},
            {"device", measured.device},
            {"calibration", measured.calibration},
            {"tokens", measured.tokens},
            {"file_share", measured.fileShare},
            {"training_minutes", measured.klMinutes}};
}

/// Two ends in the unit of the higher one.
std::string secondsText(const EstimateRange& seconds) {
    if (seconds.high < 100.0)
        return format("%.0f to %.0f s", seconds.low, seconds.high);
    if (seconds.high < 6000.0)
        return format("%.0f to %.0f min", seconds.low / 60.0, seconds.high / 60.0);
    return format("%.1f to %.1f h", seconds.low / 3600.0, seconds.high / 3600.0);
}

/// Of these settings, else of some like them with other text.
std::optional<MeasuredQuality> qualityOf(const ModelConfig& config,
                                         const QuantizeSettings& settings) {
    const auto measured = measuredQuality(config, settings);
    return measured ? measured : similarQuality(config, settings);
}

std::string textOf(std::string_view words) {
    return std::string(words);
}

} // namespace

Forecast forecastOf(const QuantizeSettings& settings) {
    const ModelSummary model = summarizeModel(settings.modelPath);
    Machine machine = thisMachine();
    if (settings.threads > 0)
        machine.cores = settings.threads;
    return {estimateQuantization(model.config, settings, model.fileBytes, machine),
            qualityOf(model.config, settings)};
}

OrderedJson forecastEvent(const Forecast& forecast) {
    const QuantizeEstimate& estimate = forecast.estimate;
    return {{"event", "estimate"},
            {"seconds", ends(estimate.seconds)},
            {"peak_rss_bytes", ends(estimate.peakBytes)},
            {"bits_linear", estimate.ledger.bitsPerWeight()},
            {"measured_on", estimate.measuredOn},
            {"perplexity",
             forecast.measured ? measuredDocument(*forecast.measured) : OrderedJson(nullptr)}};
}

std::string forecastText(const Forecast& forecast) {
    const QuantizeEstimate& estimate = forecast.estimate;
    std::string text = "Estimate, from runs of " + textOf(estimate.measuredOn) + ": ";
    if (estimate.seconds)
        text += secondsText(*estimate.seconds) + ", ";
    if (estimate.peakBytes)
        text += format("%.1f to %.1f GB of memory, ", 1e-9 * estimate.peakBytes->low,
                       1e-9 * estimate.peakBytes->high);
    text += format("%.3f bits a weight.", estimate.ledger.bitsPerWeight());
    if (const auto& measured = forecast.measured) {
        const std::string source =
            measured->calibration == "self"
                ? "all its own"
                : format("%.0f %% of it WikiText-2", 100.0 * measured->fileShare);
        text += format(" Measured on %s, with %lld tokens of text, %s, and %.1f minutes of "
                       "training: perplexity %.1f, before %.1f.",
                       textOf(measured->device).c_str(), static_cast<long long>(measured->tokens),
                       source.c_str(), measured->klMinutes, measured->after, measured->before);
    }
    return text;
}

} // namespace bwla
