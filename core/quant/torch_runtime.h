// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>

namespace bwla {

/// Sets libtorch's threads (0 = one a physical core) and checks the device.
/// Throws Error{badArgument} where "cuda" is asked for and this libtorch or machine has none.
void useTorch(int threads, const std::string& device);

/// Highest resident set of this process so far, bytes.
[[nodiscard]] std::int64_t peakRssBytes();

} // namespace bwla
