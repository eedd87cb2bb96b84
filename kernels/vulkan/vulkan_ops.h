// SPDX-License-Identifier: GPL-3.0-or-later
//
// The verbs of a Vulkan plan as dispatches: push constants as the shaders declare them, variants
// and sizes of workgroups.
#pragma once

#include "kernels/vulkan/product_shape.h"
#include "kernels/vulkan/vulkan_plan.h"

namespace bwla::vulkan {

/// A size as push constants hold it.
[[nodiscard]] constexpr std::int32_t word(std::int64_t value) {
    return static_cast<std::int32_t>(value);
}

/// Invocations of shaders that take elements one by one.
inline constexpr std::uint32_t elementGroup = 256;

[[nodiscard]] constexpr std::uint32_t groups(std::int64_t count, std::int64_t perGroup) {
    return static_cast<std::uint32_t>((count + perGroup - 1) / perGroup);
}
/// SINGLE_ROW of shaders/common.glsl.
[[nodiscard]] std::uint32_t single(const VulkanPlan& plan);
/// Shaders that add up among invocations exist with and without subgroup arithmetic.
[[nodiscard]] std::string teamed(const VulkanPlan& plan, const char* shader);

void encodeEmbed(VulkanPlan& plan, CommandWriter& writer, const DeviceWeights& table, Buffer out);

/// Whether products of `weight` with so many rows are usually made of halves.
[[nodiscard]] bool readsHalves(const Capabilities& capabilities, const DeviceWeights& weight,
                               int batch);

struct PrepareSource {
    Address x = 0;
    Address gain = 0; ///< 0 = no norm
    float epsilon = 0;
    bool lastRow = false; ///< of the run only
};
/// With the products behind it where target.next can be made together with it.
void encodePrepare(VulkanPlan& plan, CommandWriter& writer, PreparedRows& target,
                   const PrepareSource& source);

struct ProductTarget {
    const DeviceWeights* weight = nullptr;
    Address out = 0;
    std::int64_t outStride = 0; ///< floats
    bool accumulate = false;
    bool lastRow = false;
    const ProductShape* shape = nullptr; ///< null = the device's default for this product
};
void encodeProduct(VulkanPlan& plan, CommandWriter& writer, const PreparedRows& input,
                   const ProductTarget& target);

/// Products that share an input, and what a gate makes of them.
struct ProductGroup {
    std::vector<ProductTarget> targets;
    Address gated = 0; ///< not 0: of two targets, silu(first) * second goes there
};
/// One dispatch where gemv_levels can do them all; none where `input` came with them.
void encodeProducts(VulkanPlan& plan, CommandWriter& writer, const PreparedRows& input,
                    const ProductGroup& group);

struct AttendBuffers {
    AttendSpec spec; ///< inverseFrequencies unused
    Address q = 0, k = 0, v = 0, out = 0, rotatedQ = 0;
    std::size_t rotary = 0;
};
void encodeAttend(VulkanPlan& plan, CommandWriter& writer, const AttendBuffers& attend);

struct GateBuffers {
    Address gate = 0, up = 0, out = 0;
    std::int64_t cols = 0;
};
void encodeGate(VulkanPlan& plan, CommandWriter& writer, const GateBuffers& buffers);

struct TopBuffers {
    Address logits = 0, greatest = 0, found = 0;
    std::int64_t count = 0; ///< of logits
};
/// The likeliest tokens of one row of logits (shaders/top.comp).
void encodeTop(VulkanPlan& plan, CommandWriter& writer, const TopBuffers& buffers);

/// Widest head that encodeAttend takes.
inline constexpr std::int64_t largestHeadDim = 256;

} // namespace bwla::vulkan
