// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/input_group.h"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bwla {

/// A block, an input group of every block, or an input group of one block.
struct KeptModule {
    std::optional<std::int64_t> block; ///< from 0; unset: every block
    std::optional<GroupKind> group;    ///< unset: the whole block
    auto operator<=>(const KeptModule&) const = default;
};

/// What a quantization leaves in float: the command line's --layers and --keep.
struct FloatParts {
    /// First and last block to quantize; those outside stay. Unset: all are quantized.
    std::optional<std::pair<std::int64_t, std::int64_t>> layers;
    std::vector<KeptModule> kept; ///< sorted, each once

    bool operator==(const FloatParts&) const = default;
    [[nodiscard]] bool holds(std::int64_t block, GroupKind kind) const;
    /// Throws Error{badArgument} for a block that a model of so many has not, and where nothing is
    /// left to quantize.
    void check(std::int64_t blocks) const;

    /// "A-B". Throws Error{badArgument}.
    void setLayers(std::string_view text);
    /// "0,attn_out,5:mlp_in": blocks, groups and groups of a block. Throws Error{badArgument}.
    void setKept(std::string_view text);
    [[nodiscard]] std::string layersText() const; ///< as setLayers() reads it; empty where unset
    [[nodiscard]] std::string keptText() const;   ///< as setKept() reads it
};

} // namespace bwla
