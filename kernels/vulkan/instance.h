// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "kernels/vulkan/vulkan_api.h"
#include "kernels/vulkan_backend.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bwla::vulkan {

/// What the kernels ask of a device, its own limits cut down by a VulkanMask.
struct Capabilities {
    std::uint32_t queueFamily = 0;
    std::uint32_t subgroupSize = 1;
    bool subgroupArithmetic = false; ///< of subgroups of at least 4
    bool subgroupShuffle = false;
    bool integerDot = false;
    /// Workgroups start in the order of their numbers and go on running once they have started, so
    /// that one may wait for those before it. No property says so; known of drivers.
    bool waitingGroups = false;
    bool matrixLevels = false; ///< 16 x 16 x 32 unsigned bytes, sums of 32 bits, a subgroup
    bool matrixHalves = false; ///< 16 x 16 x 16 halves, float sums
    bool timestamps = false;
    bool memoryBudget = false; ///< the driver tells what is free
    double timestampNanoseconds = 1;
    std::int64_t allocationBytes = 0;  ///< largest single allocation
    std::int64_t memoryBytes = 0;      ///< 0 = no limit of ours
    std::uint32_t invocations = 0;     ///< of a workgroup, at most
    std::uint32_t sharedBytes = 0;     ///< of a workgroup
    std::uint32_t multiprocessors = 0; ///< 0 = unknown
    std::string driverId;              ///< the driver's UUID and version
};

struct Candidate {
    VkPhysicalDevice handle = nullptr;
    VulkanDeviceInfo info;
    Capabilities capabilities;
};

[[nodiscard]] bool hasValidationLayer();

/// Bytes of its own memory that this process may still take.
[[nodiscard]] std::int64_t freeDeviceMemory(const InstanceApi& api, const Candidate& device);

/// A Vulkan instance, with the validation layer where a listener is given and the layer installed.
class Instance {
public:
    /// Throws KernelError{unsupported}.
    explicit Instance(std::function<void(std::string_view)> listener = {});
    ~Instance();
    Instance(const Instance&) = delete;
    Instance& operator=(const Instance&) = delete;

    [[nodiscard]] const InstanceApi& api() const { return api_; }
    /// All devices, GPUs first.
    [[nodiscard]] std::vector<Candidate> devices() const;
    /// The device that `options` ask for. Throws KernelError{unsupported, unknownOverride}.
    [[nodiscard]] Candidate choose(const VulkanOptions& options) const;

private:
    void listen();

    std::function<void(std::string_view)> listener_;
    VkInstance handle_ = nullptr;
    VkDebugUtilsMessengerEXT messenger_ = nullptr;
    InstanceApi api_;
};

} // namespace bwla::vulkan
