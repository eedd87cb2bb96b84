// SPDX-License-Identifier: GPL-3.0-or-later
//
// Does the refinement's step compute on this GPU what it should? Its kernels and its recording are
// ours, so they are checked against libtorch's operations.
#pragma once

#include "core/job/job.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bwla {

struct TrainingCheckSettings {
    /// Empty: operations, and one step of a random model. Else also this model's step and its first
    /// `steps` steps in each way; it is quantized roughly for that.
    std::string modelPath;
    std::string calibration = "self"; ///< as QuantizeSettings has it
    std::int64_t steps = 40;
    std::string device = "cuda"; ///< on "cpu" what has no kernel there is a check of the checks
};

/// A result of our kernels against the same in float32.
struct TrainingCheck {
    std::string what;   ///< "A6 576: gradient"
    bool ok = false;    ///< as near to it as libtorch's operations are, about
    double error = 0;   ///< |ours - float32| / |float32|; of a step's gradients 1 - cosine
    std::string detail; ///< the same of libtorch's operations
};

/// A refinement's first steps in one way of doing them, all from the same seed.
struct TrainingRun {
    std::string way;        ///< "own kernels, recorded"
    std::vector<double> kl; ///< a step
    double tokensPerSecond = 0.0;
};

/// One of them, as soon as it is known.
struct TrainingCheckEvent {
    const TrainingCheck* check = nullptr;
    const TrainingRun* run = nullptr;
};

struct TrainingCheckResult {
    std::vector<TrainingCheck> checks; ///< none for "cuda" where the quantizer has no kernels
    std::vector<TrainingRun> runs;
};

/// Throws what opening and quantizing the model throws, Cancelled.
using TrainingCheckJob = Job<TrainingCheckSettings, TrainingCheckEvent, TrainingCheckResult>;

} // namespace bwla
