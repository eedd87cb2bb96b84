// SPDX-License-Identifier: GPL-3.0-or-later
//
// The Vulkan backend as the rest of the program sees it. No Vulkan header, no link to a Vulkan
// library: the loader is opened at run time, and a build without BWLA_VULKAN says so when asked.
#pragma once

#include "kernels/backend.h"
#include "kernels/bench.h"
#include "kernels/kernel_check.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bwla {

/// What a device is taken not to have, so that every variant can be tested on one device.
struct VulkanMask {
    bool subgroupArithmetic = false; ///< and shuffles
    bool integerDot = false;
    bool waitingGroups = false;       ///< workgroups that wait for others of their dispatch
    bool matrices = false;            ///< units that multiply small matrices
    std::int64_t allocationBytes = 0; ///< largest single allocation; 0 = the device's own
    std::int64_t memoryBytes = 0;     ///< all allocations together; 0 = no limit
    // And what goes wrong with it. BWLA_VULKAN_FAULT says "lost:N" or "full:N" to whole programs:
    // as `submissions` or `allocations` = N.
    std::string idleShader{}; ///< variant that does nothing: its results are wrong
    int submissions = 0;      ///< after so many the device is lost; 0 = never
    int allocations = 0;      ///< after so many its memory is full; 0 = never
};

/// How kernels are chosen among those that a device can run.
enum class KernelMode : std::uint8_t {
    /// BWLA_KERNELS (default, measure), else measure on a GPU and defaults on a software device.
    automatic,
    defaults, ///< as chosen when they were written; on a GPU they are checked once
    /// Checked against the reference backend, and the products of a model timed, when the device is
    /// first used: two seconds at most, remembered on disk.
    measure,
};

struct VulkanOptions {
    /// Name or UUID of a device, or a part of its name; empty = BWLA_VULKAN_DEVICE, else the first
    /// discrete, integrated or virtual GPU.
    std::string device;
    /// Take a software device where nothing was named and no GPU exists.
    bool allowSoftware = false;
    int cacheBits = 16; ///< of keys and values: 32, 16 or 8, see CpuOptions
    VulkanMask mask;
    KernelMode kernels = KernelMode::automatic;
    /// Folder of what was found out about kernels; empty = nothing is kept; nullopt =
    /// BWLA_KERNEL_CACHE, else the user's cache (XDG_CACHE_HOME).
    std::optional<std::string> kernelCache;
    /// Turns the Khronos validation layer on, synchronization validation included, where it is
    /// installed, and hears its warnings and errors.
    std::function<void(std::string_view)> validation;
};

struct VulkanDeviceInfo {
    std::string name;
    std::string uuid; ///< 8-4-4-4-12 hexadecimal digits
    std::string type; ///< "discrete gpu", "integrated gpu", "virtual gpu", "cpu", "other"
    std::string driver;
    std::string missing;         ///< what it lacks to be used; empty = usable
    std::int64_t freeMemory = 0; ///< bytes of its own that this process may take now; 0 = unknown

    [[nodiscard]] bool isGpu() const { return type.ends_with("gpu"); }
};

/// Devices of this machine, GPUs first; empty where there is no Vulkan, never an error.
[[nodiscard]] std::vector<VulkanDeviceInfo> vulkanDevices();

/// Whether the Khronos validation layer is installed; VulkanOptions::validation hears nothing else.
[[nodiscard]] bool vulkanValidates();

/// Throws KernelError: unsupported (no Vulkan, no such device, a feature is missing),
/// unknownOverride (BWLA_VULKAN_DEVICE names none, BWLA_KERNELS no mode, BWLA_VULKAN_FAULT no
/// fault), outOfMemory, deviceLost, wrongResult (kernels are checked, and some work has none left
/// that computes correctly).
[[nodiscard]] std::unique_ptr<Backend> makeVulkanBackend(const VulkanOptions& options = {});

/// bench-kernels on a Vulkan device; see VulkanOptions for the device and what is thrown.
[[nodiscard]] std::unique_ptr<ProductBench> makeVulkanBench(const VulkanOptions& options = {});

/// Every verb of the device's backend against the reference backend.
[[nodiscard]] std::vector<KernelCheck> vulkanSelftest(const VulkanOptions& options = {});

} // namespace bwla
