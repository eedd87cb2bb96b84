// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace bwla {

/// Bytes that programs can still have without swapping (proc(5), MemAvailable); 0 where unknown.
[[nodiscard]] std::int64_t availableMemory();

} // namespace bwla
