// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/quantized_block.h"
#include "core/quant/input_moments.h"
#include "core/quant/quantize_job.h"

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

namespace bwla {

/// One input group, ready to be quantized.
struct GroupTask {
    GroupKind kind = GroupKind::attnIn;
    Matrix weights;                    ///< (n, m), the group's linears stacked
    std::vector<std::int64_t> outputs; ///< rows of each linear; they sum to n
    InputMoments moments;              ///< of the group's inputs
    Matrix sample;          ///< (k, m) inputs from the quantized prefix, for clip and report
    std::uint64_t seed = 0; ///< of this group's rotation start
    std::optional<int> rank = std::nullopt; ///< of its low-rank term; unset: effectiveRank()
};

struct GroupResult {
    QuantizedGroup group;
    GroupReport report;
};

/// Who hears of a fit on its way; each may be empty. moment and activations cost time where given.
struct FitWatcher {
    /// What begins: "target", "rotation", "low rank", "fit", "store", "clip".
    std::function<void(std::string_view)> step;
    std::function<void(const FitMoment&)> moment;
    std::function<void(const GroupActivations&)> activations;
};

/// Whether the closed form reads a task's moments: the metric's, or the corrected target's.
[[nodiscard]] bool needsMoments(const QuantizeSettings& settings);

/// Corrected target, OKT, PSP, fit in the metric, rounding to storage, clip: the closed form of a
/// group. Throws Error{numeric, badArgument}.
[[nodiscard]] GroupResult quantizeGroup(const GroupTask& task, const QuantizeSettings& settings,
                                        const FitWatcher& watcher = {});

} // namespace bwla
