// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <random>
#include <vector>

namespace bwla::test {

/// Random tokens of the tiny models' vocabulary.
inline std::vector<std::vector<std::int32_t>> tokenWindows(int count, std::int64_t length,
                                                           int seed) {
    std::mt19937 random(static_cast<unsigned>(seed));
    std::vector<std::vector<std::int32_t>> result(static_cast<std::size_t>(count));
    for (auto& ids : result)
        for (std::int64_t t = 0; t < length; ++t)
            ids.push_back(static_cast<std::int32_t>(random() % 250));
    return result;
}

} // namespace bwla::test
