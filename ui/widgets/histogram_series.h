// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/stats/histogram.h"
#include "core/stats/mixture.h"
#include "ui/widgets/plot_data.h"

namespace bwla::ui {

/// Bin centres and densities.
[[nodiscard]] PlotSeries histogramSeries(const QString& name, Series series,
                                         const Histogram& histogram, bool filled = false);

/// The mixture's density over [low, high], dotted; none where it has no width.
[[nodiscard]] PlotSeries mixtureSeries(const QString& name, const EqualMixture& mixture, double low,
                                       double high);

} // namespace bwla::ui
