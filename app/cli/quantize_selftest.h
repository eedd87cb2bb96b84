// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/cli/verbs.h"
#include "core/quant/training_check.h"

#include <optional>
#include <vector>

namespace bwla {

/// `bwla selftest`, the part of it that needs the quantizer's module: the kernels that train on a
/// GPU (training_check.h).
class TrainingSelftest {
public:
    void addTo(CLI::App& verb);
    /// Nothing where this program's quantizer has no such kernels. Prints what comes on the way.
    /// Throws Error{badArgument} where a model was given all the same.
    [[nodiscard]] TrainingCheckResult run(const Call& call) const;

private:
    TrainingCheckSettings settings_;
};

} // namespace bwla
