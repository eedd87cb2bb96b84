// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace bwla {

/// Embeddings and head: 8 bits a weight and one half a row, value = int8 * scale.
struct RowInt8 {
    std::int64_t rows = 0;
    std::int64_t cols = 0;
    std::vector<std::int8_t> values;  ///< rows * cols
    std::vector<std::uint16_t> scale; ///< F16 [rows]
};

/// scale = max |w| of the row / 127 as a half, values rounded to nearest, ties to even, within
/// +-127. `name` is for the error. Throws Error{numeric} where a value is not finite or too large.
[[nodiscard]] RowInt8 roundRows(std::span<const float> weights, std::int64_t cols,
                                const std::string& name);

} // namespace bwla
