// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/inspect/layer_metrics.h"

#include <QCoreApplication>

#include <algorithm>
#include <cmath>
#include <limits>

namespace bwla::ui {
namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

QString say(const char* text) {
    return QCoreApplication::translate("LayerMetrics", text);
}

} // namespace

MetricWords words(LayerMetric metric) {
    switch (metric) {
    case LayerMetric::outputError:
        return {
            say("Output error"), say("Output"),
            say("Output error: share of the layer's output energy that quantizing lost on the "
                "calibration text, tr(E H E') / tr(W H W') against the corrected target. One value "
                "for the layers that share an input. Known for recorded runs."),
            3, true};
    case LayerMetric::plainError:
        return {
            say("Plain error"), say("Plain"),
            say("Plain error: share of the weights' energy that differs from the original, |E|² / "
                "|W|² over all rows, in the rotated frame. It includes the correction of the "
                "target "
                "for errors upstream, so it may be large where the output error is small."),
            3, true};
    case LayerMetric::bimodal:
        return {
            say("Rows with two peaks"), say("Peaks"),
            say("Rows with two peaks: share of 64 rows, evenly spaced, whose fitted mixture of two "
                "equal bells has c > s after rotation and low rank."),
            2, false};
    case LayerMetric::kurtosis:
        return {say("Kurtosis"), say("Kurt."),
                say("Kurtosis: fourth moment over squared variance, mean of 64 rows after rotation "
                    "and low "
                    "rank. 3 = bell, 1 = two spikes."),
                2, true};
    case LayerMetric::activationPeak:
        return {
            say("Activation max / RMS"), say("Max/RMS"),
            say("Activation max / RMS after the rotation: largest |x| of a token over its root "
                "mean "
                "square, mean over the calibration tokens. Smaller suits 6 bits better. Known for "
                "recorded runs."),
            1, true};
    }
    return {};
}

void LayerFacts::clear() {
    kept_.clear();
    surveys_.clear();
    reports_.clear();
    layers_.clear();
}

void LayerFacts::setReports(const std::vector<BlockReport>& reports) {
    for (const BlockReport& report : reports) {
        reports_[report.block] = report;
        for (const InputGroup& g : groups())
            for (int i = 0; i < static_cast<int>(g.linears.size()); ++i)
                layers_.push_back({report.block, g.kind, i});
    }
    std::ranges::sort(layers_);
    const auto repeated = std::ranges::unique(layers_);
    layers_.erase(repeated.begin(), repeated.end());
}

void LayerFacts::add(const LayerSurvey& survey) {
    surveys_[survey.layer] = survey;
    const auto place = std::ranges::lower_bound(layers_, survey.layer);
    if (place == layers_.end() || *place != survey.layer)
        layers_.insert(place, survey.layer);
}

const LayerSurvey* LayerFacts::survey(const LayerId& layer) const {
    const auto found = surveys_.find(layer);
    return found == surveys_.end() ? nullptr : &found->second;
}

double LayerFacts::value(const LayerId& layer, LayerMetric metric) const {
    if (isKept(layer))
        return unknown;
    const LayerSurvey* s = survey(layer);
    const auto report = reports_.find(layer.block);
    const GroupReport* g = report == reports_.end()
                               ? nullptr
                               : &report->second.groups[static_cast<std::size_t>(layer.kind)];
    switch (metric) {
    case LayerMetric::outputError:
        return g == nullptr ? unknown : g->activationError;
    case LayerMetric::plainError:
        return s == nullptr ? unknown : s->plainError;
    case LayerMetric::bimodal:
        return s == nullptr ? unknown : s->bimodalResidual;
    case LayerMetric::kurtosis:
        return s == nullptr ? unknown : s->kurtosisResidual;
    case LayerMetric::activationPeak:
        return g == nullptr ? unknown : g->activationPeakAfter;
    }
    return unknown;
}

double LayerFacts::worst(std::int64_t block, LayerMetric metric) const {
    double result = unknown;
    const bool large = words(metric).largeIsWorse;
    for (const LayerId& layer : layers_) {
        if (layer.block != block)
            continue;
        const double here = value(layer, metric);
        if (std::isnan(result) || (large ? here > result : here < result))
            result = here;
    }
    return result;
}

std::pair<double, double> LayerFacts::range(LayerMetric metric) const {
    double low = std::numeric_limits<double>::infinity();
    double high = -low;
    for (const LayerId& layer : layers_) {
        const double here = value(layer, metric);
        if (std::isnan(here))
            continue;
        low = std::min(low, here);
        high = std::max(high, here);
    }
    return low > high ? std::pair(0.0, 1.0) : std::pair(low, high);
}

} // namespace bwla::ui
