// SPDX-License-Identifier: GPL-3.0-or-later
//
// From what was read to what is drawn: pure functions.
#pragma once

#include "ui/inspect/inspect_reader.h"
#include "ui/widgets/plot_data.h"

namespace bwla::ui {

/// Original, after OKT (or after the round that was asked for), after PSP with its fitted mixture
/// and levels.
[[nodiscard]] PlotData channelPlot(const OpenedChannel& channel);

/// The last stage before the signs: "After PSP", or "After refinement" of a trained model, which
/// keeps nothing of the stage before.
[[nodiscard]] QString lastStage(bool refined);

/// The objective of every round; a ring at `position`: a round, or one past the last = as stored.
[[nodiscard]] PlotData timelinePlot(const std::optional<FitRounds>& rounds, int position);

[[nodiscard]] PlotData tailPlot(const LayerId& layer,
                                const std::optional<ActivationRecord>& record);
[[nodiscard]] PlotData maximaPlot(const LayerId& layer,
                                  const std::optional<ActivationRecord>& record);
/// `high`: brightest value, of both maps.
[[nodiscard]] PlotData activationMap(const LayerId& layer,
                                     const std::optional<ActivationRecord>& record, bool before,
                                     double high);
/// The 99.9th percentile of |x| before and after: one scale for both maps, not set by one outlier.
[[nodiscard]] double mapScale(const ActivationRecord& record);

/// What happened to the row, in a sentence that hides nothing.
[[nodiscard]] QString channelSentence(const OpenedChannel& channel);

} // namespace bwla::ui
