// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cmath>
#include <cstdint>
#include <utility>

namespace bwla::test {

/// The most equal factors first * second = size, first <= second.
inline std::pair<std::int64_t, std::int64_t> equalFactors(std::int64_t size) {
    auto first = static_cast<std::int64_t>(std::sqrt(static_cast<double>(size)));
    while (size % first != 0)
        --first;
    return {first, size / first};
}

} // namespace bwla::test
