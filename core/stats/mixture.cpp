// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/stats/mixture.h"

#include "core/stats/clones.h"
#include "core/stats/moments.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>

namespace bwla {
namespace {

constexpr int roundLimit = 70;
constexpr double tolerance = 5e-5;   // of the row's RMS
constexpr double narrowest = 1e-6;   // s^2 over mean square: two exact points have s = 0
constexpr double longestLeap = 50.0; // in steps of EM

/// Within 2e-7, in operations that compilers vectorise; min and max, since std::clamp is none.
inline float quickTanh(float x) {
    constexpr float perHalf = 2.0F * std::numbers::log2e_v<float>;
    constexpr float toInteger = 12'582'912.0F;                      // 1.5 * 2^23: adding it rounds
    const float y = std::min(std::max(x * perHalf, -40.0F), 40.0F); // e^2x = 2^y
    const float n = (y + toInteger) - toInteger;
    const float f = (y - n) * std::numbers::ln2_v<float>;
    const float power =
        1.0F +
        f * (1.0F + f * (1.0F / 2 + f * (1.0F / 6 + f * (1.0F / 24 + f * (1.0F / 120 + f / 720)))));
    const float e = power * std::bit_cast<float>((static_cast<std::int32_t>(n) + 127) << 23);
    return 1.0F - 2.0F / (1.0F + e);
}

/// Sum of tanh(slope w) w: std::tanh one value after the other was 50 times slower, and half the
/// time of a GPU's closed form.
BWLA_CLONES double tanhMoment(const float* row, std::size_t size, float slope) {
    constexpr std::size_t lanes = 16, strip = 256 * lanes; // that float32 sums are exact enough
    double total = 0.0;
    std::size_t i = 0;
    for (const std::size_t whole = size / lanes * lanes; i < whole;) {
        std::array<float, lanes> sums{};
        for (const std::size_t end = std::min(whole, i + strip); i < end; i += lanes)
            for (std::size_t k = 0; k < lanes; ++k)
                sums[k] += quickTanh(slope * row[i + k]) * row[i + k];
        for (const float sum : sums)
            total += sum;
    }
    for (; i < size; ++i)
        total += quickTanh(slope * row[i]) * row[i];
    return total;
}

/// c after one round of EM. At given mean square E[w^2] the width follows from c, so c is all the
/// state there is.
double nextLevel(std::span<const float> row, double meanSquare, double c) {
    const double variance = std::max(meanSquare - c * c, narrowest * meanSquare);
    const auto slope = static_cast<float>(c / variance);
    return tanhMoment(row.data(), row.size(), slope) / static_cast<double>(row.size());
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
