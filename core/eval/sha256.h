// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>

namespace bwla {

/// SHA-256 (FIPS 180-4) of the bytes as 64 lower-case hexadecimal digits, as sha256sum prints it.
[[nodiscard]] std::string sha256(std::string_view bytes);

} // namespace bwla
