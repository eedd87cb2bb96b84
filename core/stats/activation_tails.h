// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace bwla {

/// max |x| / RMS of one token: how far the range that 6 bits must cover exceeds the typical value.
/// 1 = all equal in size, sqrt(n) = one of n carries everything; 0 for a token of zeros.
[[nodiscard]] double peakToRms(std::span<const float> token);

// Of a matrix of activations (tokens x cols, row-major):

/// Mean of peakToRms over the tokens.
[[nodiscard]] double meanPeakToRms(std::span<const float> tokens, std::int64_t cols);

/// Largest |x| of each channel, [cols].
[[nodiscard]] std::vector<float> channelMaxima(std::span<const float> tokens, std::int64_t cols);

/// max |x| / RMS of each channel over the tokens, [cols]; 0 for a channel that is always 0.
[[nodiscard]] std::vector<float> channelPeakToRms(std::span<const float> tokens, std::int64_t cols);

/// How heavy the tails are: share[i] of the values has |x| > i * step * rms. Drawn with a log axis.
struct TailCurve {
    double rms = 0.0;          ///< of all values
    double step = 0.0;         ///< of the grid, in units of rms
    std::vector<double> share; ///< falls from share[0] <= 1
};

/// On `points` grid points 0 .. (points - 1) * step. step > 0; values finite.
[[nodiscard]] TailCurve tailCurve(std::span<const float> values, double step, int points);

} // namespace bwla
