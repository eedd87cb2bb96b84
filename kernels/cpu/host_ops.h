// SPDX-License-Identifier: GPL-3.0-or-later
//
// The verbs of a host plan at run time: how small kernels share buffers and threads.
#pragma once

#include "kernels/cpu/host_plan.h"

namespace bwla {

/// Fills rows [0, rows) of `target` from rows of `source` that lie `cols` floats apart.
void runPrepare(HostMachine& machine, PreparedRows& target, const float* source, int rows);

/// One product of a linear operation.
struct ProductTarget {
    const HostWeights* weight = nullptr;
    float* out = nullptr; ///< rows of weight->rows() floats
    bool accumulate = false;
    const LinearKernel* kernel = nullptr;
    const std::byte* encoded = nullptr;
    bool quantized = false; ///< integer sums
};

/// Chooses the kernel for `weight` and asks `input` for what it reads. Throws
/// KernelError{badShape}.
[[nodiscard]] ProductTarget productTarget(HostMachine& machine, PreparedRows& input, int batch,
                                          const HostWeights& weight, float* out, bool accumulate);

void runProducts(HostMachine& machine, const PreparedRows& input,
                 std::span<const ProductTarget> targets, int rows);

struct AttendBuffers {
    AttendSpec spec; ///< inverseFrequencies unused
    const float* q = nullptr;
    const float* k = nullptr;
    const float* v = nullptr;
    float* out = nullptr;
    float* rotatedQ = nullptr; ///< rows x heads * headDim
    const RotaryTable* rotary = nullptr;
};

void runAttend(HostMachine& machine, const AttendBuffers& attend, const HostRun& run);

} // namespace bwla
