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

TailCurve tailCurve(std::span<const float> values, double step, int points) {
    TailCurve curve{.step = step, .share = std::vector<double>(static_cast<std::size_t>(points))};
    double squares = 0.0;
    for (const float x : values)
        squares += double{x} * x;
    if (squares == 0.0)
        return curve;
    const auto count = static_cast<double>(values.size());
    curve.rms = std::sqrt(squares / count);
    // |x| exceeds the grid points 0 .. ceil(|x| / unit) - 1; counted once, summed from the end.
    std::vector<std::int64_t> last(curve.share.size() + 1);
    for (const float x : values) {
        const double exceeded = std::ceil(std::abs(double{x}) / (step * curve.rms));
        ++last[static_cast<std::size_t>(std::min(exceeded, static_cast<double>(points)))];
    }
    std::int64_t above = 0;
    for (std::size_t i = curve.share.size(); i-- > 0;) {
        above += last[i + 1];
        curve.share[i] = static_cast<double>(above) / count;
    }
    return curve;
}

} // namespace bwla
