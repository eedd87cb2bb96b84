// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/stats/activation_tails.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace bwla {

double maxOverRms(std::span<const float> values) {
    double largest = 0.0;
    double squares = 0.0;
    for (const float value : values) {
        largest = std::max(largest, std::abs(double{value}));
        squares += double{value} * value;
    }
    return squares == 0.0 ? 0.0 : largest / std::sqrt(squares / static_cast<double>(values.size()));
}

ActivationTails::ActivationTails(std::int64_t cols)
    : channelMax_(static_cast<std::size_t>(cols)), channelSquares_(static_cast<std::size_t>(cols)) {
}

void ActivationTails::add(std::span<const float> rows) {
    const std::size_t cols = channelMax_.size();
    for (std::size_t start = 0; start < rows.size(); start += cols) {
        const auto row = rows.subspan(start, cols);
        const double tail = maxOverRms(row);
        tailSum_ += tail;
        worst_ = std::max(worst_, tail);
        ++tokens_;
        for (std::size_t j = 0; j < cols; ++j) {
            channelMax_[j] = std::max(channelMax_[j], std::abs(row[j]));
            channelSquares_[j] += double{row[j]} * row[j];
        }
    }
}

double ActivationTails::meanTokenTail() const {
    return tokens_ == 0 ? 0.0 : tailSum_ / static_cast<double>(tokens_);
}

std::vector<float> ActivationTails::channelRms() const {
    std::vector<float> rms(channelSquares_.size());
    for (std::size_t j = 0; j < rms.size() && tokens_ > 0; ++j)
        rms[j] = static_cast<float>(std::sqrt(channelSquares_[j] / static_cast<double>(tokens_)));
    return rms;
}

std::vector<float> ActivationTails::channelTail() const {
    std::vector<float> tail = channelRms();
    for (std::size_t j = 0; j < tail.size(); ++j)
        tail[j] = tail[j] > 0.0F ? channelMax_[j] / tail[j] : 0.0F;
    return tail;
}

} // namespace bwla
