// SPDX-License-Identifier: GPL-3.0-or-later
//
// Decode products of packed signs (shaders/gemv.glsl): several weights that share an input as one
// dispatch, alone or behind the preparation of that input.
#pragma once

#include "kernels/vulkan/vulkan_ops.h"

#include <array>
#include <optional>
#include <string>

namespace bwla::vulkan {

/// shaders/gemv_target.glsl
struct GemvTarget {
    Address weights, extras, outputs;
    std::int32_t rows, flags;
};

/// What the shaders are told of a group.
struct GemvOperands {
    std::array<GemvTarget, 3> targets{}; ///< unused ones have no rows
    std::uint32_t sizes = 0;             ///< rowQuads | rank << 16 | rank of the input << 24
    std::int64_t rows = 0;               ///< of all weights
    std::int64_t bytes = 0;              ///< of all weights
    std::string name;
};

/// The operands of a group that such shaders can take; none otherwise.
[[nodiscard]] std::optional<GemvOperands>
gemvOperands(const VulkanPlan& plan, const PreparedRows& input, const ProductGroup& group);

/// Workgroups for the group's rows; of two gated weights a workgroup takes both.
[[nodiscard]] std::uint32_t gemvGroups(const ProductGroup& group, std::int64_t rowsPerGroup);

/// `group` and the rotated input before it as one dispatch of workgroups that stay
/// (shaders/steady_product.comp); false where that cannot be, and nothing was written.
[[nodiscard]] bool encodeSteadyProducts(VulkanPlan& plan, CommandWriter& writer,
                                        const PreparedRows& target, const PrepareSource& source,
                                        const ProductGroup& group);

/// Memory for what such a dispatch flags, if `group` may become one.
void reserveSteadyProducts(VulkanPlan& plan, const PreparedRows& target, const ProductGroup& group);

/// shape: of gemv_levels.comp.
void encodeGemv(CommandWriter& writer, const PreparedRows& input, const ProductGroup& group,
                const GemvOperands& operands, const ProductShape& shape);

/// Scale, mean, accumulate as the shaders of products want them.
[[nodiscard]] std::int32_t productFlags(const ProductTarget& target);

} // namespace bwla::vulkan
