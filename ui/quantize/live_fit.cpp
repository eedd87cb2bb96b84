// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/quantize/live_fit.h"

#include "core/stats/histogram.h"
#include "core/stats/mixture.h"
#include "core/stats/moments.h"
#include "ui/widgets/histogram_series.h"
#include "ui/widgets/numbers.h"

#include <QCoreApplication>

#include <algorithm>
#include <cmath>
#include <limits>

namespace bwla::ui {
namespace {

constexpr double deviationsShown = 4.0; ///< of the original row, either side

QString tr(const char* text) {
    return QCoreApplication::translate("bwla::ui::LiveFit", text);
}

double reach(std::span<const float> row) {
    return deviationsShown * std::sqrt(moments(row).variance);
}

} // namespace

KeptEvent keep(const QuantizeEvent& event) {
    KeptEvent kept{.progress = event.progress, .finished = {}, .moment = {}, .refined = {}};
    if (event.finished != nullptr)
        kept.finished = *event.finished;
    if (event.refined != nullptr)
        kept.refined = *event.refined;
    if (const FitMoment* m = event.moment)
        kept.moment = KeptMoment{m->block,
                                 m->kind,
                                 m->stage,
                                 m->round,
                                 m->rounds,
                                 m->objective,
                                 {m->rowIndex.begin(), m->rowIndex.end()},
                                 {m->rows.begin(), m->rows.end()},
                                 m->cols};
    return kept;
}

void LiveFit::hear(const KeptMoment& moment) {
    switch (moment.stage) {
    case FitStage::original: // a new group begins
        original_ = moment;
        target_.reset();
        rotated_.reset();
        stored_.reset();
        rounds_.clear();
        objectives_.clear();
        setChannel(channel_);
        break;
    case FitStage::target:
        target_ = moment;
        break;
    case FitStage::rotation:
        rotated_ = moment;
        rounds_.push_back(moment.round);
        objectives_.push_back(moment.objective);
        break;
    case FitStage::stored:
        stored_ = moment;
        break;
    }
}

void LiveFit::hear(const KlPoint& point) {
    tokenUnit_ = point.of < 1'000'000 ? 1e3 : 1e6;
    tokens_.push_back(static_cast<double>(point.tokens));
    divergences_.push_back(point.kl);
    if (!point.heldOutFile && !point.heldOutSelf)
        return;
    const double either = point.heldOutFile ? *point.heldOutFile : *point.heldOutSelf;
    heldOutTokens_.push_back(tokens_.back());
    heldOut_.push_back((either + point.heldOutSelf.value_or(either)) / 2.0);
}

int LiveFit::channels() const {
    return original_ ? static_cast<int>(original_->rowIndex.size()) : 0;
}

void LiveFit::setChannel(int channel) {
    channel_ = std::clamp(channel, 0, std::max(0, channels() - 1));
}

QString LiveFit::place() const {
    if (!original_ || channels() == 0)
        return {};
    return tr("block %1, %2, channel %3")
        .arg(original_->block)
        .arg(groupName(original_->kind))
        .arg(original_->rowIndex[static_cast<std::size_t>(channel_)]);
}

LiveFit::Row LiveFit::row(const std::optional<KeptMoment>& moment) const {
    if (!moment || moment->cols == 0 ||
        moment->rows.size() < static_cast<std::size_t>((channel_ + 1) * moment->cols))
        return {};
    return {std::span(moment->rows)
                .subspan(static_cast<std::size_t>(channel_ * moment->cols),
                         static_cast<std::size_t>(moment->cols))};
}

LiveFit::Row LiveFit::latest() const {
    for (const auto* stage : {&stored_, &rotated_, &target_, &original_})
        if (const Row found = row(*stage); !found.empty())
            return found;
    return {};
}

PlotData LiveFit::weights() const {
    PlotData data;
    data.x.title = tr("Weight value");
    data.y.title = tr("Density");
    data.title = place();
    data.summary = data.emptyText = tr("The first layer is on its way.");
    const Row before = row(original_);
    if (before.empty())
        return data;
    const double side = std::max(reach(before.values), 1e-9);
    data.x.range = {-side, side};
    data.series << histogramSeries(tr("Original"), Series::original,
                                   histogram(before.values, -side, side), true);
    if (const Row turned = row(rotated_); !turned.empty())
        data.series << histogramSeries(tr("After OKT"), Series::afterOkt,
                                       histogram(turned.values, -side, side));
    if (const Row left = row(stored_); !left.empty())
        data.series << histogramSeries(tr("After PSP"), Series::afterPsp,
                                       histogram(left.values, -side, side));
    const EqualMixture mixture = fitEqualMixture(latest().values);
    if (mixture.s > 0.0)
        data.series << mixtureSeries(tr("Fitted mixture"), mixture, -side, side);
    if (mixture.c > 0.02 * side)
        data.marks << PlotMark{-mixture.c, "−c " + numberText(-mixture.c, 3)}
                   << PlotMark{mixture.c, "+c " + numberText(mixture.c, 3)};
    data.summary =
        tr("Weights of %1: %2")
            .arg(place(), mixture.bimodal() ? tr("two peaks at ±%1").arg(numberText(mixture.c, 3))
                                            : tr("one bell"));
    return data;
}

QString LiveFit::curveTitle() const {
    return tokens_.empty() ? tr("Objective of the rotation") : tr("Divergence from the original");
}

PlotData LiveFit::curve() const {
    PlotData data;
    data.title = curveTitle();
    const bool training = !tokens_.empty();
    data.x.title = !training          ? tr("OKT round")
                   : tokenUnit_ > 1e3 ? tr("Training tokens, millions")
                                      : tr("Training tokens, thousands");
    data.y.title = training ? tr("KL, nats a token") : tr("Objective a weight");
    data.summary = data.emptyText = tr("No rotation yet.");
    const auto inUnits = [&](std::vector<double> tokens) {
        for (double& count : tokens)
            count /= tokenUnit_;
        return tokens;
    };
    const std::vector<double> x = training ? inUnits(tokens_) : rounds_;
    const std::vector<double>& y = training ? divergences_ : objectives_;
    if (x.empty())
        return data;
    if (!training && rotated_)
        data.x.range = {0.0, std::max(1.0, static_cast<double>(rotated_->rounds))};
    data.series << PlotSeries{.name = training ? tr("Text it trains on") : tr("After OKT"),
                              .series = training ? Series::error : Series::afterOkt,
                              .shape = PlotShape::line,
                              .x = x,
                              .y = y};
    if (training && !heldOut_.empty())
        data.series << PlotSeries{.name = tr("Text kept apart"),
                                  .series = Series::afterPsp,
                                  .shape = PlotShape::line,
                                  .x = inUnits(heldOutTokens_),
                                  .y = heldOut_};
    data.handle = QPointF(x.back(), y.back());
    data.summary =
        tr("%1: %2 at %3")
            .arg(data.title, numberText(y.back(), 4), numberText(x.back(), training ? 1 : 0));
    return data;
}

QString LiveFit::numbersHelp() const {
    return tokens_.empty()
               ? tr("Kurtosis: fourth moment over squared variance; 3 = bell, 1 = two spikes. "
                    "Binarisation "
                    "error: share of the row's energy that one sign and one scale miss. Before, "
                    "and now.")
               : tr("KL of the original's next-token distribution to this model's, nats "
                    "a token: on the text of the last steps, and on text it never "
                    "trains on.");
}

QString LiveFit::numbersText() const {
    if (tokens_.empty()) {
        const auto change = [&](double (*of)(std::span<const float>), int decimals) {
            const Row before = row(original_);
            const auto text = [&](const Row& one) {
                return numberText(before.empty() ? std::nan("") : of(one.values), decimals);
            };
            return text(before) + " → " + text(latest());
        };
        const auto kurtosis = [](std::span<const float> x) { return moments(x).kurtosis; };
        const auto error = [](std::span<const float> x) { return binarisationError(x); };
        return tr("Kurtosis %1\nBinarisation error %2").arg(change(kurtosis, 2), change(error, 3));
    }
    const QString now = tr("Now %1").arg(numberText(divergences_.back(), 3));
    return heldOut_.empty() ? now
                            : tr("%1, kept apart %2").arg(now, numberText(heldOut_.back(), 3));
}

} // namespace bwla::ui
