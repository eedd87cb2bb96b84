// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/inspect/inspect_plots.h"

#include "core/model/half.h"
#include "ui/widgets/histogram_series.h"
#include "ui/widgets/number_text.h"

#include <QCoreApplication>

#include <algorithm>
#include <cmath>

namespace bwla::ui {
namespace {

constexpr double scalePercentile = 0.999;
constexpr int digits = 3;

QString say(const char* text) {
    return QCoreApplication::translate("InspectPlots", text);
}

QString nameOf(const LayerId& layer) {
    return QString::fromStdString(layerName(layer));
}

QString notKept() {
    return say("Activations were not recorded.");
}

/// A layer in float: the original, and nothing that a fit would have made of it.
PlotData keptPlot(PlotData data, const OpenedChannel& channel) {
    data.x.title = say("Weight value");
    data.marks.clear();
    data.summary = say("Weights of %1, channel %2, kept in float.")
                       .arg(nameOf(channel.layer))
                       .arg(channel.view.channel);
    return data;
}

/// Levels: the engine's -1 and +1. Weights: -c and +c of a fitted mixture with two peaks, else the
/// engine's two levels.
QList<PlotMark> levelMarks(const OpenedChannel& channel) {
    if (channel.request.units == RowUnits::levels)
        return {{-1.0, say("engine's −1")}, {1.0, say("engine's +1")}};
    const EqualMixture& mixture =
        channel.round ? channel.round->mixture : channel.view.residual.mixture;
    if (!mixture.bimodal()) {
        const QString level = shortNumber(channel.view.level, digits);
        return {{-channel.view.level, say("engine −%1").arg(level)},
                {channel.view.level, say("engine +%1").arg(level)}};
    }
    const QString c = shortNumber(mixture.c, digits);
    return {{-mixture.c, say("−c −%1").arg(c)}, {mixture.c, say("+c %1").arg(c)}};
}

/// Groups' maxima come as float vectors.
std::vector<double> indices(std::size_t count) {
    std::vector<double> x(count);
    for (std::size_t i = 0; i < count; ++i)
        x[i] = static_cast<double>(i);
    return x;
}

PlotSeries tailSeries(const QString& name, Series series, const TailCurve& tails, bool filled) {
    PlotSeries curve{name, series, PlotShape::line, {}, {}, filled};
    for (std::size_t i = 0; i < tails.share.size() && tails.share[i] > 0.0; ++i) {
        curve.x.push_back(static_cast<double>(i) * tails.step);
        curve.y.push_back(tails.share[i]);
    }
    return curve;
}

} // namespace

QString lastStage(bool refined) {
    return refined ? say("After refinement") : say("After PSP");
}

PlotData channelPlot(const OpenedChannel& channel) {
    const ChannelView& view = channel.view;
    const bool levels = channel.request.units == RowUnits::levels;
    PlotData data;
    data.title = say("%1, channel %2").arg(nameOf(channel.layer)).arg(view.channel);
    data.x.title = levels ? say("Weight in units of the row's two levels") : say("Weight value");
    data.x.range = {view.low, view.high};
    data.y.title = say("Density");
    data.series << histogramSeries(say("Original"), Series::original, view.original.histogram,
                                   true);
    if (channel.kept)
        return keptPlot(std::move(data), channel);
    if (channel.round) {
        data.series << histogramSeries(say("During OKT"), Series::afterOkt,
                                       channel.round->histogram, true)
                    << mixtureSeries(say("Fitted mixture"), channel.round->mixture, view.low,
                                     view.high);
    } else {
        data.series << histogramSeries(say("After OKT"), Series::afterOkt, view.rotated.histogram)
                    << histogramSeries(lastStage(channel.refined), Series::afterPsp,
                                       view.residual.histogram, true)
                    << mixtureSeries(say("Fitted mixture"), view.residual.mixture, view.low,
                                     view.high);
    }
    data.marks = levelMarks(channel);
    const StageView& last = channel.round ? *channel.round : view.residual;
    const QString place =
        say("Weights of %1, channel %2: ").arg(nameOf(channel.layer)).arg(view.channel);
    data.summary =
        place +
        (last.mixture.bimodal()
             ? say("two peaks at minus and plus %1.").arg(shortNumber(last.mixture.c, digits))
             : say("one peak, c / s is %1.")
                   .arg(numberText(last.mixture.c / std::max(last.mixture.s, 1e-30), 2)));
    return data;
}

PlotData timelinePlot(const std::optional<FitRounds>& rounds, int position) {
    PlotData data;
    data.x.title = say("Round of OKT");
    data.y.title = say("Objective");
    data.title = say("Objective of OKT");
    if (!rounds || rounds->rounds.empty()) {
        data.emptyText = say("The rounds of the fit were not kept for this run.");
        return data;
    }
    PlotSeries curve{say("OKT"), Series::afterOkt, PlotShape::line, {}, {}, false};
    for (const FitRound& round : rounds->rounds) {
        curve.x.push_back(round.round);
        curve.y.push_back(round.objective);
    }
    const auto last = static_cast<int>(curve.x.size()) - 1;
    if (position <= last) {
        const auto at = static_cast<std::size_t>(std::max(position, 0));
        data.handle = QPointF(curve.x[at], curve.y[at]);
    }
    data.summary = say("Objective of OKT over %1 rounds, from %2 to %3.")
                       .arg(last)
                       .arg(shortNumber(curve.y.front()), shortNumber(curve.y.back()));
    data.series << curve;
    return data;
}

PlotData tailPlot(const LayerId& layer, const std::optional<ActivationRecord>& record) {
    PlotData data;
    data.title = say("Activation tails into %1").arg(nameOf(layer));
    data.x.title = say("|x| in units of the RMS");
    data.y.title = say("Share of values above");
    if (!record) {
        data.emptyText = notKept();
        return data;
    }
    data.y.log = true;
    data.series << tailSeries(say("Before"), Series::original, record->before.tails, true)
                << tailSeries(say("After the rotation"), Series::afterOkt, record->after.tails,
                              false);
    if (record->clip < 1.0) {
        const double clip = record->clip * record->after.peakToRms;
        data.marks << PlotMark{clip, say("clip %1").arg(numberText(clip, 1))};
    }
    data.summary =
        say("Activation tails: the largest value of a token is %1 RMS before the rotation "
            "and %2 after it.")
            .arg(numberText(record->before.peakToRms, 1), numberText(record->after.peakToRms, 1));
    return data;
}

PlotData maximaPlot(const LayerId& layer, const std::optional<ActivationRecord>& record) {
    PlotData data;
    data.title = say("Largest activation of every channel into %1").arg(nameOf(layer));
    data.x.title = say("Input channel");
    data.y.title = say("Largest |x|");
    if (!record) {
        data.emptyText = notKept();
        return data;
    }
    const auto series = [](const QString& name, Series look, const std::vector<float>& maxima) {
        return PlotSeries{
            name, look, PlotShape::line, indices(maxima.size()), {maxima.begin(), maxima.end()},
            false};
    };
    data.series << series(say("Before"), Series::original, record->before.channelMaxima)
                << series(say("After the rotation"), Series::afterOkt, record->after.channelMaxima);
    data.summary =
        say("Largest activation of %1 channels, before and after the rotation.").arg(record->cols);
    return data;
}

double mapScale(const ActivationRecord& record) {
    std::vector<float> all;
    for (const auto* map : {&record.before.map, &record.after.map})
        for (const std::uint16_t half : *map)
            all.push_back(halfToFloat(half));
    if (all.empty())
        return 1.0;
    const auto at =
        static_cast<std::ptrdiff_t>(scalePercentile * static_cast<double>(all.size() - 1));
    std::ranges::nth_element(all, all.begin() + at);
    return std::max(double{all[static_cast<std::size_t>(at)]}, 1e-6);
}

PlotData activationMap(const LayerId& layer, const std::optional<ActivationRecord>& record,
                       bool before, double high) {
    PlotData data;
    data.title =
        (before ? say("Activations into %1") : say("Activations into %1 after the rotation"))
            .arg(nameOf(layer));
    data.x.title = before ? QString() : say("Input channel");
    data.y.title = say("Token");
    if (!record) {
        data.emptyText = before ? notKept() : QString();
        return data;
    }
    const ActivationSide& side = before ? record->before : record->after;
    PlotMap map{static_cast<int>(record->mapTokens), static_cast<int>(record->cols), {}, 0.0, high};
    for (const std::uint16_t half : side.map)
        map.values.push_back(halfToFloat(half));
    data.map = std::move(map);
    data.summary = (before ? say("Activations before the rotation: max over RMS %1.")
                           : say("Activations after the rotation: max over RMS %1."))
                       .arg(numberText(side.peakToRms, 1));
    return data;
}

QString channelSentence(const OpenedChannel& channel) {
    const ChannelView& view = channel.view;
    if (channel.kept)
        return say("Kept in float: this layer is stored with 16 bits a weight, and its input is "
                   "not rounded.");
    const double before = view.original.binarisationError;
    const double after = view.residual.binarisationError;
    const double change = before > 0.0 ? 100.0 * (before - after) / before : 0.0;
    const QString shape = view.residual.mixture.bimodal() ? say("This row has two peaks")
                                                          : say("This row stayed one bell");
    return say("%1: binarisation error %2 %, stored row %3.")
        .arg(shape, (change < 0.0 ? "+" : "") + numberText(-change, 0), numberText(view.error, 3));
}

} // namespace bwla::ui
