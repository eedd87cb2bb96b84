// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/stats/activation_tails.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace bwla {

double peakToRms(std::span<const float> token) {
    double peak = 0.0;
    double squares = 0.0;
    for (const float x : token) {
        peak = std::max(peak, std::abs(double{x}));
        squares += double{x} * x;
    }
    return squares == 0.0 ? 0.0 : peak / std::sqrt(squares / static_cast<double>(token.size()));
}

double meanPeakToRms(std::span<const float> tokens, std::int64_t cols) {
    const auto width = static_cast<std::size_t>(cols);
    double sum = 0.0;
    for (std::size_t start = 0; start < tokens.size(); start += width)
        sum += peakToRms(tokens.subspan(start, width));
    return tokens.empty() ? 0.0
                          : sum * static_cast<double>(width) / static_cast<double>(tokens.size());
}

std::vector<float> channelMaxima(std::span<const float> tokens, std::int64_t cols) {
    std::vector<float> maxima(static_cast<std::size_t>(cols));
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        float& channel = maxima[i % maxima.size()];
        channel = std::max(channel, std::abs(tokens[i]));
    }
    return maxima;
}

std::vector<float> channelPeakToRms(std::span<const float> tokens, std::int64_t cols) {
    std::vector<double> squares(static_cast<std::size_t>(cols));
    for (std::size_t i = 0; i < tokens.size(); ++i)
        squares[i % squares.size()] += double{tokens[i]} * tokens[i];
    const double count = static_cast<double>(tokens.size()) / static_cast<double>(cols);
    std::vector<float> tails = channelMaxima(tokens, cols);
    for (std::size_t j = 0; j < tails.size(); ++j)
        tails[j] = squares[j] == 0.0
                       ? 0.0F
                       : static_cast<float>(double{tails[j]} / std::sqrt(squares[j] / count));
    return tails;
}

} // namespace bwla
