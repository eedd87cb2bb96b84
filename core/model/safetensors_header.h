// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/tensor_view.h"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace bwla {

/// What the header says of one tensor; bytes follow one another in the order given.
struct TensorEntry {
    std::string name;
    DType type = DType::f32;
    std::vector<std::int64_t> shape;
    std::int64_t bytes = 0;
};

/// Length field and header, keys sorted, padded with spaces so that the data starts at a multiple
/// of 8 bytes and mapped tensors are aligned where their sizes are.
[[nodiscard]] std::string safetensorsHeader(std::span<const TensorEntry> entries,
                                            const std::map<std::string, std::string>& metadata);

} // namespace bwla
