// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "kernels/backend.h"
#include "kernels/vulkan_backend.h"

#include <functional>
#include <string>
#include <vector>

namespace bwla::vulkan {

struct Machine;

/// Kernels that a device may be used without.
struct KernelGroup {
    std::string name; ///< "packed dot product"
    bool VulkanMask::*without;
};
/// From the one that is missed least.
[[nodiscard]] const std::vector<KernelGroup>& kernelGroups();

/// A few cases of every verb against the reference backend: what was wrong first, empty where
/// nothing was. Under a second on a GPU. Shaders of products that are wrong one by one are
/// disabled, and what takes their place is checked.
[[nodiscard]] std::string selfCheck(Backend& backend, Machine& machine);

} // namespace bwla::vulkan
