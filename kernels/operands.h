// SPDX-License-Identifier: GPL-3.0-or-later
//
// Random weights and inputs for the self-check, the benchmark and the tests: the same seed gives
// the same operands everywhere.
#pragma once

#include "kernels/backend.h"

#include <cstdint>
#include <vector>

namespace bwla {

/// Bell-shaped (the sum of four uniforms) with standard deviation `sigma`.
[[nodiscard]] std::vector<float> randomFloats(std::int64_t count, std::uint32_t seed,
                                              float sigma = 1.0F);
/// Uniform in [-127, 127].
[[nodiscard]] std::vector<std::int8_t> randomInt8(std::int64_t count, std::uint32_t seed);

/// Weights of any kind. `rank` and `means` count for signs only. The pad bits of signs are set on
/// purpose: no backend may count them.
[[nodiscard]] HostLinear randomLinear(WeightKind kind, std::int64_t rows, std::int64_t cols,
                                      std::uint32_t seed, std::int64_t rank = 0,
                                      bool means = false);

/// Rotation (where factor1 > 0; not orthogonal, kernels need not care), column scale, clips, rank.
[[nodiscard]] HostInput randomInput(std::int64_t cols, std::int64_t factor1, std::int64_t rank,
                                    std::uint32_t seed);

/// Row scale of synthesized weights (Backend::synthesize).
[[nodiscard]] float synthScale(WeightKind kind, std::int64_t cols);

/// An orthogonal matrix without zeros: the reflection I - 2 v v' / |v|^2 of a random v, row-major.
[[nodiscard]] std::vector<float> randomReflection(std::int64_t side, std::uint32_t seed);

} // namespace bwla
