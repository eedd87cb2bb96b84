// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/job/job.h"
#include "core/model/artifact.h"
#include "core/quant/quantize_settings.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace bwla {

/// What happened to one input group. Errors are shares: |E|^2 / |W|^2 with E the difference of
/// weights (plain), or tr(E H E') / tr(W H W') (activation).
struct GroupReport {
    GroupKind kind = GroupKind::attnIn;
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

/// Progress always; `finished` once a block is in the journal.
struct QuantizeEvent {
    Progress progress;
    const BlockReport* finished = nullptr; ///< valid during the call
};

struct QuantizeResult {
    std::string out;
    double seconds = 0.0;
    std::int64_t peakRssBytes = 0;
    BitsLedger ledger;
    std::int64_t layers = 0;
    std::int64_t layersResumed = 0;
    std::vector<BlockReport> blocks;
};

using QuantizeJob = Job<QuantizeSettings, QuantizeEvent, QuantizeResult>;

/// Opens the model, quantizes block by block with a journal at "OUT.partial", writes the artifact.
/// Throws Error, Cancelled; after either, finished blocks are kept for --resume.
[[nodiscard]] std::unique_ptr<QuantizeJob> makeQuantizeJob();

} // namespace bwla
