// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/job/job.h"
#include "core/model/artifact.h"
#include "core/quant/block_report.h"
#include "core/quant/fit_trace.h"
#include "core/quant/kl_point.h"
#include "core/quant/quantize_settings.h"
#include "core/quant/reconstruction.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace bwla {

/// Progress always; `finished` once a block is in the journal; `reconstructed` after each block of
/// block reconstruction, `refined` while the refinement trains; the others with settings.trace.
/// Pointers are valid during the call. A sink that blocks pauses the run.
struct QuantizeEvent {
    Progress progress;
    const BlockReport* finished = nullptr;
    const FitMoment* moment = nullptr;
    const GroupActivations* activations = nullptr;
    const ReconstructedBlock* reconstructed = nullptr;
    const KlPoint* refined = nullptr;
};

struct QuantizeResult {
    std::string out;
    double seconds = 0.0;
    std::int64_t peakRssBytes = 0;
    BitsLedger ledger;
    std::int64_t layers = 0;
    std::int64_t layersResumed = 0;
    std::vector<BlockReport> blocks;
    std::vector<KlPoint> refinement; ///< of this run; empty without a refinement
};

/// Opens the model, quantizes block by block with a journal at "OUT.partial", writes the artifact.
/// Throws Error, Cancelled; after either, finished blocks are kept for --resume.
using QuantizeJob = Job<QuantizeSettings, QuantizeEvent, QuantizeResult>;

} // namespace bwla
