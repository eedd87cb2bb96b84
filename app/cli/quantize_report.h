// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/cli/console.h"
#include "core/quant/quantize_job.h"

#include <string>
#include <vector>

namespace bwla {

/// The "block" line of --json's progress: what a finished block measured.
[[nodiscard]] OrderedJson blockEvent(const BlockReport& block);

/// The "reconstruct" line: a block that was trained to its original's output.
[[nodiscard]] OrderedJson reconstructionEvent(const ReconstructedBlock& block);
/// The "refine" line: where the refinement stands.
[[nodiscard]] OrderedJson refinementEvent(const KlPoint& point);

/// Means over blocks, a row an input group: errors, the shape of rows, activation peaks, each
/// before and after.
[[nodiscard]] std::string groupTable(const std::vector<BlockReport>& blocks);

} // namespace bwla
