// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/stats/mixture.h"

#include "core/stats/moments.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>

namespace bwla {
namespace {

constexpr int roundLimit = 70;
constexpr double tolerance = 5e-5;   // of the row's RMS
constexpr double narrowest = 1e-6;   // s^2 over mean square: two exact points have s = 0
constexpr double longestLeap = 50.0; // in steps of EM

/// c after one round of EM. At given mean square E[w^2] the width follows from c, so c is all the
/// state there is.
double nextLevel(std::span<const float> row, double meanSquare, double c) {
    const double variance = std::max(meanSquare - c * c, narrowest * meanSquare);
    const auto slope = static_cast<float>(c / variance);
    double sum = 0.0;
    for (const float w : row)
        sum += std::tanh(slope * w) * w;
    return sum / static_cast<double>(row.size());
}

/// Steps of EM shrink by a nearly constant ratio; where they do, the rest of the series is leapt
/// over (Aitken), which takes some ten rounds where plain EM takes hundreds.
double leap(double before, double middle, double after) {
    const double ratio = (after - middle) / (middle - before);
    if (!(ratio > 0.0 && ratio < 1.0))
        return after;
    return after + (after - middle) * std::min(ratio / (1.0 - ratio), longestLeap);
}

} // namespace

double EqualMixture::density(double x) const {
    const auto bell = [this](double from) { return std::exp(-0.5 * from * from / (s * s)); };
    return 0.5 * (bell(x - c) + bell(x + c)) / (s * std::sqrt(2.0 * std::numbers::pi));
}

EqualMixture fitEqualMixture(std::span<const float> row) {
    double meanSquare = 0.0;
    for (const float w : row)
        meanSquare += double{w} * w;
    if (meanSquare == 0.0)
        return {};
    meanSquare /= static_cast<double>(row.size());
    const double rms = std::sqrt(meanSquare);
    double c = binaryLevel(row);
    for (int round = 0; round < roundLimit; ++round) {
        const double middle = nextLevel(row, meanSquare, c);
        const double after = nextLevel(row, meanSquare, middle);
        if (std::abs(after - middle) < tolerance * rms) {
            c = after;
            break;
        }
        c = std::clamp(leap(c, middle, after), tolerance * rms, rms);
    }
    return {c, std::sqrt(std::max(meanSquare - c * c, 0.0))};
}

double bimodalShare(std::span<const float> rows, std::int64_t cols) {
    const auto width = static_cast<std::size_t>(cols);
    std::size_t count = 0;
    for (std::size_t start = 0; start < rows.size(); start += width)
        count += fitEqualMixture(rows.subspan(start, width)).bimodal() ? 1 : 0;
    return rows.empty() ? 0.0
                        : static_cast<double>(count * width) / static_cast<double>(rows.size());
}

} // namespace bwla
