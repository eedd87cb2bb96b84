// SPDX-License-Identifier: GPL-3.0-or-later
//
// Rotated rows in 6 bits: the rotation and its levels as dispatches of their own, where a decode
// step does not join them with the products (steady_product.cpp).
#pragma once

#include "kernels/vulkan/vulkan_ops.h"

namespace bwla::vulkan {

/// False where `target` is none that the shaders can prepare: nothing is written then.
[[nodiscard]] bool encodeRotation(VulkanPlan& plan, CommandWriter& writer,
                                  const PreparedRows& target, const PrepareSource& source);

} // namespace bwla::vulkan
