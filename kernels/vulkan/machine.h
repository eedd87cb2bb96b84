// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "kernels/host_linear.h"
#include "kernels/vulkan/kernel_choice.h"
#include "kernels/vulkan/memory.h"
#include "kernels/vulkan/pipelines.h"

namespace bwla::vulkan {

/// What a plan computes with; owned by the backend, shared by its plans.
struct Machine {
    std::shared_ptr<const Device> device;
    DeviceMemory memory;
    Pipelines pipelines;
    KernelChoice choice;
    WeightKind cacheType; ///< f32, f16 or rowInt8

    explicit Machine(const VulkanOptions& options)
        : device(std::make_shared<const Device>(options)), memory(device), pipelines(device),
          choice(*device, options), cacheType(cacheKind(options.cacheBits)) {}
};

} // namespace bwla::vulkan
