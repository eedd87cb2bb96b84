// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a recorded run keeps of the fit of one input group, so that Inspect can replay it, and its
// bytes in the store (little-endian, a version first).
#pragma once

#include "core/quant/fit_trace.h"
#include "core/stats/activation_tails.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace bwla {

/// The rotation after one round of OKT; round 0 is the start.
struct FitRound {
    int round = 0;
    double objective = 0.0;     ///< as FitMoment::objective
    std::vector<float> factorA; ///< R1 (m1, m1), row-major
    std::vector<float> factorB; ///< R2 (m2, m2)
};

struct FitRounds {
    std::int32_t m1 = 0, m2 = 0;
    std::int32_t planned = 0; ///< rounds asked for
    std::vector<FitRound> rounds;
};

/// Activations of a group before (x) and after (x'' = b (.) R'x), from the same tokens.
struct ActivationSide {
    double peakToRms = 0.0;           ///< mean over tokens of max |x| / rms(x)
    std::vector<float> channelMaxima; ///< [cols], over all tokens
    std::vector<std::uint16_t> map;   ///< |x| in F16, (mapTokens, cols) row-major
    TailCurve tails;
};

struct ActivationRecord {
    std::int64_t cols = 0;
    std::int64_t tokens = 0;    ///< the statistics are over
    std::int64_t mapTokens = 0; ///< evenly spaced, in the maps
    double clip = 1.0;
    ActivationSide before, after; ///< tails on one grid, which ends at the larger maximum
};

/// Tokens in the maps: as many as keep a map within 64 K values, 8 to 48.
[[nodiscard]] ActivationRecord activationRecord(const GroupActivations& activations);

[[nodiscard]] std::vector<std::byte> toBytes(const FitRounds& rounds);
[[nodiscard]] std::vector<std::byte> toBytes(const ActivationRecord& record);
/// Throw Error{corrupt, truncated, tooLarge, unsupportedVersion}.
[[nodiscard]] FitRounds fitRoundsFromBytes(std::span<const std::byte> bytes);
[[nodiscard]] ActivationRecord activationRecordFromBytes(std::span<const std::byte> bytes);

} // namespace bwla
