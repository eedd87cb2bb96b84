// SPDX-License-Identifier: GPL-3.0-or-later
//
// 16-bit floats as bit patterns: IEEE half from kernels, and bfloat16, which only files hold.
#pragma once

#include "kernels/half.h"

#include <bit>
#include <cstdint>

namespace bwla {

/// Exact: bfloat16 is the upper half of a float.
[[nodiscard]] inline float bfloat16ToFloat(std::uint16_t bits) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U);
}

} // namespace bwla
