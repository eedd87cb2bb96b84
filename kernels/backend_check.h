// SPDX-License-Identifier: GPL-3.0-or-later
//
// Any backend against the reference backend, verb by verb, through nothing but the Backend
// interface: the self-check of devices whose kernels cannot be called one by one.
#pragma once

#include "kernels/backend.h"
#include "kernels/kernel_check.h"

namespace bwla {

/// One verb on one set of random operands.
struct BackendCase {
    std::string name; ///< "linear w1a6", for instance
    /// What both backends are run for: floats to compare, and integers that must be equal.
    struct Output {
        std::vector<float> floats;
        std::vector<std::int32_t> integers;
        /// Quantized rotated inputs may differ by a step where sums are rounded differently: a few
        /// of these integers may differ by one (backend_check.cpp, mostMoved).
        std::vector<std::int32_t> steps;
    };
    std::function<Output(Backend& backend)> run;
    bool quick = false;      ///< one of those a device is checked with when it is first used
    double tolerance = 1e-5; ///< of floats, relative to the largest expected one
};

/// Every verb, weight kind and activation width, one row and batches with tails.
[[nodiscard]] std::vector<BackendCase> backendCases();

/// Runs one case on both. KernelErrors of the backend become a failed check.
[[nodiscard]] KernelCheck checkBackend(Backend& backend, Backend& reference,
                                       const BackendCase& what);

} // namespace bwla
