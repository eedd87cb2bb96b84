// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the page draws of a run while it goes on: the rows of the group in work as they turn, and
// the objective of its rounds. Plain values, no widgets.
#pragma once

#include "core/quant/quantize_job.h"
#include "ui/widgets/plot_data.h"

#include <optional>
#include <vector>

namespace bwla::ui {

/// A FitMoment that outlives its event.
struct KeptMoment {
    std::int64_t block = -1;
    GroupKind kind = GroupKind::attnIn;
    FitStage stage = FitStage::original;
    int round = 0, rounds = 0;
    double objective = 0.0;
    std::vector<std::int64_t> rowIndex;
    std::vector<float> rows;
    std::int64_t cols = 0;
};

/// A QuantizeEvent that outlives its call.
struct KeptEvent {
    Progress progress;
    std::optional<BlockReport> finished;
    std::optional<KeptMoment> moment;
    std::optional<KlPoint> refined;
};
[[nodiscard]] KeptEvent keep(const QuantizeEvent& event);

class LiveFit {
public:
    void hear(const KeptMoment& moment);
    void hear(const KlPoint& point);

    /// Traced rows of the group, 0 before the first moment.
    [[nodiscard]] int channels() const;
    [[nodiscard]] int channel() const { return channel_; }
    /// Clamped to the rows there are.
    void setChannel(int channel);

    [[nodiscard]] QString place() const; ///< "block 11, mlp_out, channel 288"
    [[nodiscard]] PlotData weights() const;
    /// The rounds of OKT; the divergence once the training has begun.
    [[nodiscard]] PlotData curve() const;
    [[nodiscard]] QString curveTitle() const;

    /// Of the channel shown, before and as it is now; while it trains, of the divergence.
    [[nodiscard]] QString numbersText() const;
    [[nodiscard]] QString numbersHelp() const; ///< what they are

private:
    struct Row {
        std::span<const float> values;
        [[nodiscard]] bool empty() const { return values.empty(); }
    };
    [[nodiscard]] Row row(const std::optional<KeptMoment>& moment) const;
    [[nodiscard]] Row latest() const;

    std::optional<KeptMoment> original_, target_, rotated_, stored_;
    std::vector<double> rounds_, objectives_;
    std::vector<double> tokens_, divergences_;
    double tokenUnit_ = 1e3;                      ///< of the axis
    std::vector<double> heldOutTokens_, heldOut_; ///< on text that is not trained on
    int channel_ = 0;
};

} // namespace bwla::ui
