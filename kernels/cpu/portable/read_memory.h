// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace bwla::portable {

/// Sum of `count` (a multiple of 8) aligned elements, as fast as memory delivers them.
[[nodiscard]] std::uint64_t readMemory(const std::uint64_t* from, std::int64_t count);

} // namespace bwla::portable
