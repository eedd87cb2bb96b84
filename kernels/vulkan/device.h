// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "kernels/vulkan/instance.h"

#include <span>

namespace bwla::vulkan {

/// One logical device with one queue. Everything that belongs to it holds it by shared_ptr, so that
/// weights may outlive the backend that uploaded them.
class Device {
public:
    /// Throws KernelError, see makeVulkanBackend.
    explicit Device(const VulkanOptions& options);
    ~Device();
    Device(const Device&) = delete;
    Device& operator=(const Device&) = delete;

    [[nodiscard]] const VulkanDeviceInfo& info() const { return chosen_.info; }
    [[nodiscard]] const Capabilities& capabilities() const { return chosen_.capabilities; }
    [[nodiscard]] const DeviceApi& api() const { return api_; }
    [[nodiscard]] VkDevice handle() const { return handle_; }
    [[nodiscard]] const VkPhysicalDeviceMemoryProperties& memory() const { return memory_; }

    /// Bytes of its own memory that this process may still take.
    [[nodiscard]] std::int64_t freeMemory() const;

    [[nodiscard]] VkCommandBuffer allocateCommands() const;
    void freeCommands(VkCommandBuffer commands) const;
    /// Submits and waits. Throws KernelError{deviceLost, outOfMemory}.
    void run(std::span<const VkCommandBuffer> commands, const char* what) const;
    void run(VkCommandBuffer commands, const char* what) const { run({&commands, 1}, what); }
    /// vkAllocateMemory.
    [[nodiscard]] VkResult allocate(const VkMemoryAllocateInfo& what, VkDeviceMemory& memory) const;
    /// What goes wrong on purpose.
    [[nodiscard]] const VulkanMask& mask() const { return mask_; }

private:
    void createDevice();
    /// Looks at the fence for as long as a short run takes.
    void lookForEnd() const;

    VulkanMask mask_;
    Instance instance_;
    Candidate chosen_;
    VkPhysicalDeviceMemoryProperties memory_{};
    VkDevice handle_ = nullptr;
    DeviceApi api_;
    VkQueue queue_ = nullptr;
    VkCommandPool pool_ = nullptr;
    VkFence fence_ = nullptr;
    mutable int submissions_ = 0, allocations_ = 0; ///< counted where the mask limits them
};

} // namespace bwla::vulkan
