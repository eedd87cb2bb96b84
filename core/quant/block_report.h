// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/input_group.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace bwla {

/// What happened to one input group. Errors are shares: |E|^2 / |W|^2 with E the difference of
/// weights (plain), or tr(E H E') / tr(W H W') (activation).
struct GroupReport {
    GroupKind kind = GroupKind::attnIn;
    bool kept = false;            ///< stays in float: nothing below was measured
    double activationError = 0.0; ///< of the stored tensors against the target
    double plainError = 0.0;
    double binarisationBefore =
        0.0;                        ///< |W - a sign(W)|^2 / |W|^2, one scale a row, before rotation
    double binarisationAfter = 0.0; ///< the same after rotation
    double kurtosisBefore = 0.0;    ///< mean over rows; 3 = bell, 1 = two spikes
    double kurtosisAfter = 0.0;
    double bimodalBefore = 0.0;        ///< share of rows whose fitted equal mixture has c > s
    double bimodalAfter = 0.0;         ///< after rotation
    double bimodalResidual = 0.0;      ///< after rotation and low rank
    double activationPeakBefore = 0.0; ///< max |x| / rms(x), mean over tokens
    double activationPeakAfter = 0.0;  ///< of x''
    double clip = 1.0;                 ///< chosen activation clip
};

struct BlockReport {
    std::int64_t block = 0;
    std::array<GroupReport, groupCount> groups;
    double drift = 0.0;   ///< |xh - x|^2 / |x_out - x_in|^2 after the block (position 0 left out)
    double seconds = 0.0; ///< 0 for a block taken from the journal
};

/// The mean of every number over the quantized groups of all blocks; zeros of none.
[[nodiscard]] GroupReport meanReport(const std::vector<BlockReport>& blocks);

/// A report as one line of JSON, kept in the journal beside the block, and back.
[[nodiscard]] std::string toJson(const BlockReport& report);
[[nodiscard]] BlockReport blockReportFromJson(const std::string& text);

} // namespace bwla
