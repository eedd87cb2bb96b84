// SPDX-License-Identifier: GPL-3.0-or-later
//
// IEEE 754 half precision as bit patterns, in plain integer and float arithmetic so that compilers
// may vectorise it and every level rounds alike.
#pragma once

#include <bit>
#include <cstdint>

namespace bwla {

/// Exact for every pattern; signalling NaN becomes quiet.
[[nodiscard]] inline float halfToFloat(std::uint16_t half) {
    const std::uint32_t magnitude = static_cast<std::uint32_t>(half & 0x7fffU) << 13;
    // 2^112 moves the exponent from bias 15 to bias 127 and makes half subnormals normal.
    const float scaled = std::bit_cast<float>(magnitude) * 0x1p112F;
    std::uint32_t bits = std::bit_cast<std::uint32_t>(scaled);
    bits |= (half & 0x7c00U) == 0x7c00U ? 0x7f800000U : 0U;
    bits |= static_cast<std::uint32_t>(half & 0x8000U) << 16;
    return std::bit_cast<float>(bits);
}

/// Round to nearest, ties to even; overflow gives infinity, NaN stays NaN.
[[nodiscard]] inline std::uint16_t floatToHalf(float value) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t sign = (bits >> 16) & 0x8000U;
    const std::uint32_t magnitude = bits & 0x7fffffffU;
    if (magnitude > 0x7f800000U)
        return static_cast<std::uint16_t>(sign | 0x7e00U);
    if (magnitude >= 0x477ff000U) // 65520, halfway to the first value past 65504
        return static_cast<std::uint16_t>(sign | 0x7c00U);
    if (magnitude < 0x38800000U) { // below 2^-14: let a float addition round at 2^-24
        const float rounded = std::bit_cast<float>(magnitude) + 0.5F;
        return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(rounded) & 0x7ffU));
    }
    const std::uint32_t roundUp = 0xfffU + ((magnitude >> 13) & 1U);
    return static_cast<std::uint16_t>(sign | ((magnitude - 0x38000000U + roundUp) >> 13));
}

} // namespace bwla
