// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "kernels/cpu/host_backend.h"

#include <memory>

namespace bwla::test {

/// The processor's best kernels over a cache of float32, as the reference has it. makeCpuBackend
/// keeps keys and values as F16, whose rounding alone moves the default model's float logits by
/// 4e-4 and flips one in fifty of the A6 inputs of mlp_out; without it all difference is the
/// kernels'.
inline std::unique_ptr<Backend> makeExactCpuBackend() {
    const CpuFeatures features = detectCpuFeatures();
    const CpuLevel level = chosenLevel(features);
    const int threads = physicalCores();
    return std::make_unique<HostBackend>(
        BackendInfo{"cpu", cpuName(), std::string(levelName(level)), threads},
        KernelTable(level, features), threads, WeightKind::f32);
}

} // namespace bwla::test
