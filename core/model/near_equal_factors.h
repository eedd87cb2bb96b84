// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cmath>
#include <cstdint>
#include <utility>

namespace bwla {

/// The pair a <= b of a * b = size with a as near to sqrt(size) as divisors allow; size >= 1. The
/// usual factors of a Kronecker rotation (design 2).
[[nodiscard]] inline std::pair<std::int64_t, std::int64_t> nearEqualFactors(std::int64_t size) {
    auto a = static_cast<std::int64_t>(std::sqrt(static_cast<double>(size)));
    while (size % a != 0)
        --a;
    return {a, size / a};
}

} // namespace bwla
