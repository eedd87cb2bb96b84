// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/quant/block_journal.h"
#include "core/quant/kl_refinement.h"
#include "core/quant/quantize_settings.h"

#include <functional>
#include <stop_token>

namespace bwla {

/// How the refinement's part of a run goes, for the bar: 0..1 while it writes its text, then
/// points.
struct RefinementEvents {
    std::function<void(double)> writing;
    Sink<KlPoint> point;
    Sink<ReconstructedBlock> reconstructed;
};

/// A journal whose blocks are all there, as it is.
[[nodiscard]] RefinedModel closedForm(const BlockJournal& journal, const ModelSource& source);

/// The refinement that `settings` ask for, from such a journal. Throws what makeKlText and
/// refineByKl throw.
[[nodiscard]] RefinedModel refineJournal(const BlockJournal& journal, const ModelSource& source,
                                         const QuantizeSettings& settings,
                                         const RefinementEvents& events, std::stop_token stop);

} // namespace bwla
