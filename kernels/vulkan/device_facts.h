// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "kernels/vulkan/instance.h"

namespace bwla::vulkan {

/// What a physical device is and can do.
[[nodiscard]] Candidate candidate(const InstanceApi& api, VkPhysicalDevice handle);
/// Takes away what the mask says the device does not have.
void applyMask(const VulkanMask& mask, Capabilities& capabilities);
/// Discrete, integrated, virtual GPU, then the rest.
[[nodiscard]] int gpuRank(const VulkanDeviceInfo& info);

} // namespace bwla::vulkan
