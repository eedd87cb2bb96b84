// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/histogram_series.h"

namespace bwla::ui {
namespace {

constexpr int mixturePoints = 256;

} // namespace

PlotSeries histogramSeries(const QString& name, Series series, const Histogram& histogram,
                           bool filled) {
    PlotSeries curve{name, series, PlotShape::steps, {}, {}, filled};
    for (int bin = 0; bin < static_cast<int>(histogram.counts.size()); ++bin) {
        curve.x.push_back(histogram.centre(bin));
        curve.y.push_back(histogram.density(bin));
    }
    return curve;
}

PlotSeries mixtureSeries(const QString& name, const EqualMixture& mixture, double low,
                         double high) {
    PlotSeries curve{name, Series::fitted, PlotShape::line, {}, {}, false};
    for (int i = 0; i < mixturePoints && mixture.s > 0.0; ++i) {
        const double x = low + (high - low) * i / (mixturePoints - 1);
        curve.x.push_back(x);
        curve.y.push_back(mixture.density(x));
    }
    return curve;
}

} // namespace bwla::ui
