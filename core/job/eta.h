// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cmath>
#include <cstdint>

namespace bwla {

/// Time left of work that comes in equal units, from the units that are finished (Welford's mean
/// and variance).
class EtaEstimator {
public:
    void finished(double seconds) {
        ++count_;
        const double delta = seconds - mean_;
        mean_ += delta / static_cast<double>(count_);
        squares_ += delta * (seconds - mean_);
    }
    /// Seconds for `units` more, -1 before the first is finished.
    [[nodiscard]] double seconds(double units) const { return count_ == 0 ? -1.0 : mean_ * units; }
    /// Half width: one standard deviation of the sum plus that of the mean; -1 before the second.
    [[nodiscard]] double spread(double units) const {
        if (count_ < 2)
            return -1.0;
        const double variance = squares_ / static_cast<double>(count_ - 1);
        return std::sqrt(variance * units * (1.0 + units / static_cast<double>(count_)));
    }

private:
    std::int64_t count_ = 0;
    double mean_ = 0.0;
    double squares_ = 0.0;
};

} // namespace bwla
