// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/cpu/portable/read_memory.h"

#include <array>

namespace bwla::portable {

std::uint64_t readMemory(const std::uint64_t* from, std::int64_t count) {
    constexpr std::int64_t line = 8;
    constexpr std::int64_t ahead = 512; // 4 KB
    std::array<std::uint64_t, line> sums{};
    for (std::int64_t i = 0; i < count; i += line) {
        __builtin_prefetch(from + i + ahead);
        for (std::int64_t j = 0; j < line; ++j)
            sums[static_cast<std::size_t>(j)] += from[i + j];
    }
    std::uint64_t total = 0;
    for (const std::uint64_t sum : sums)
        total += sum;
    return total;
}

} // namespace bwla::portable
