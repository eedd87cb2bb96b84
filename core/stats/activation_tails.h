// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace bwla {

/// How far the largest of some values stands out: max |x| / RMS. 1 = all equal in size,
/// sqrt(n) = one of n carries everything; 0 where all are 0. A step of an activation quantizer
/// grows with max, its useful range with RMS: this ratio is what a rotation lowers.
[[nodiscard]] double maxOverRms(std::span<const float> values);

/// Collects tails of activations batch by batch. Not thread-safe.
class ActivationTails {
public:
    explicit ActivationTails(std::int64_t cols);

    /// `rows`: tokens x cols, row-major.
    void add(std::span<const float> rows);

    [[nodiscard]] std::int64_t tokens() const { return tokens_; }
    [[nodiscard]] double meanTokenTail() const; ///< mean over tokens of maxOverRms
    [[nodiscard]] double worstTokenTail() const { return worst_; }
    /// Per channel over all tokens, [cols].
    [[nodiscard]] const std::vector<float>& channelMax() const { return channelMax_; }
    [[nodiscard]] std::vector<float> channelRms() const;
    /// max |x| of each channel / RMS of that channel, [cols]; 0 for a channel that is always 0.
    [[nodiscard]] std::vector<float> channelTail() const;

private:
    std::int64_t tokens_ = 0;
    double tailSum_ = 0.0;
    double worst_ = 0.0;
    std::vector<float> channelMax_;
    std::vector<double> channelSquares_;
};

} // namespace bwla
