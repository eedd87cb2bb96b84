// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/journal/latent_code.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace bwla {
namespace {

constexpr std::size_t largest = 127;
constexpr unsigned negative = 8;

using Counts = std::array<std::int64_t, largest + 1>;

std::size_t sizeOf(std::int8_t latent) {
    return std::clamp<std::size_t>(static_cast<std::size_t>(std::abs(latent)), 1, largest);
}

Counts countSizes(std::span<const std::int8_t> latents) {
    Counts counts{};
    for (const std::int8_t x : latents)
        ++counts[sizeOf(x)];
    return counts;
}

} // namespace

LatentCode encodeLatents(std::span<const std::int8_t> latents) {
    LatentCode code;
    const Counts counts = countSizes(latents);
    const auto all = std::max<std::int64_t>(1, static_cast<std::int64_t>(latents.size()));
    const auto classes = static_cast<std::int64_t>(code.least.size());

    std::array<std::uint8_t, largest + 1> classOf{};
    std::array<std::int64_t, 8> members{}, sums{};
    std::int64_t smaller = 0;
    for (std::size_t size = 1; size <= largest; ++size) {
        const std::int64_t middle = smaller + counts[size] / 2;
        const auto k = static_cast<std::size_t>(std::min(classes - 1, classes * middle / all));
        classOf[size] = static_cast<std::uint8_t>(k);
        if (counts[size] > 0) {
            code.least[k] = code.least[k] == 0 ? static_cast<std::int8_t>(size) : code.least[k];
            code.most[k] = static_cast<std::int8_t>(size);
            members[k] += counts[size];
            sums[k] += counts[size] * static_cast<std::int64_t>(size);
            code.mean[k] = static_cast<std::int8_t>((sums[k] + members[k] / 2) / members[k]);
        }
        smaller += counts[size];
    }

    code.halves.resize((latents.size() + 1) / 2);
    for (std::size_t i = 0; i < latents.size(); ++i) {
        const unsigned half = classOf[sizeOf(latents[i])] | (latents[i] < 0 ? negative : 0U);
        code.halves[i / 2] |= static_cast<std::byte>(i % 2 == 0 ? half : half << 4U);
    }
    return code;
}

std::vector<std::int8_t> decodeLatents(const LatentCode& code, std::int64_t count) {
    constexpr double golden = 0.6180339887498949; // its multiples are spread evenly over 0 .. 1
    std::array<double, 8> powers{};               // of these, whose mean is then the class's
    for (std::size_t k = 0; k < powers.size(); ++k)
        powers[k] = (code.most[k] - code.least[k] + 1) / (code.mean[k] - code.least[k] + 0.5) - 1.0;
    std::vector<std::int8_t> latents(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < latents.size(); ++i) {
        const unsigned both = std::to_integer<unsigned>(code.halves[i / 2]),
                       half = i % 2 == 0 ? both & 15U : both >> 4U, k = half & 7U;
        const double turns = golden * static_cast<double>(i);
        const double place = std::pow(turns - std::floor(turns), powers[k]);
        const int size =
            code.least[k] + static_cast<int>(place * (code.most[k] - code.least[k] + 1));
        latents[i] = static_cast<std::int8_t>((half & negative) != 0 ? -size : size);
    }
    return latents;
}

} // namespace bwla
