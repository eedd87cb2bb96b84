// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/vulkan/device.h"

#include "kernels/kernel_error.h"
#include "kernels/vulkan/trial.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <vector>

namespace bwla::vulkan {

namespace {

/// The mask, with what BWLA_VULKAN_FAULT asks for.
VulkanMask withFault(VulkanMask mask) {
    const char* variable = std::getenv("BWLA_VULKAN_FAULT");
    const std::string_view wanted = variable != nullptr ? variable : "";
    if (wanted.empty())
        return mask;
    const auto colon = std::min(wanted.find(':'), wanted.size() - 1);
    const std::string_view kind = wanted.substr(0, colon);
    int& limit = kind == "lost" ? mask.submissions : mask.allocations;
    const char* end = wanted.data() + wanted.size();
    const auto [stopped, failure] = std::from_chars(wanted.data() + colon + 1, end, limit);
    if ((kind != "lost" && kind != "full") || failure != std::errc{} || stopped != end || limit < 1)
        throw KernelError(KernelErrorCode::unknownOverride, "BWLA_VULKAN_FAULT",
                          "\"" + std::string(wanted) + "\" is neither lost:N nor full:N");
    return mask;
}

} // namespace

Device::Device(const VulkanOptions& options)
    : mask_(withFault(options.mask)), instance_(options.validation),
      chosen_(instance_.choose(options)) {
    instance_.api().GetPhysicalDeviceMemoryProperties(chosen_.handle, &memory_);
    createDevice();
    api_ = loadDeviceApi(instance_.api(), handle_);
    api_.GetDeviceQueue(handle_, capabilities().queueFamily, 0, &queue_);
    VkCommandPoolCreateInfo pool{};
    pool.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO;
    pool.queueFamilyIndex = capabilities().queueFamily;
    check(api_.CreateCommandPool(handle_, &pool, nullptr, &pool_), "creating a command pool");
    VkFenceCreateInfo fence{};
    fence.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO;
    check(api_.CreateFence(handle_, &fence, nullptr, &fence_), "creating a fence");
}

void Device::createDevice() {
    const float priority = 1.0F;
    VkDeviceQueueCreateInfo queue{};
    queue.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO;
    queue.queueFamilyIndex = capabilities().queueFamily;
    queue.queueCount = 1;
    queue.pQueuePriorities = &priority;
    VkPhysicalDeviceShaderIntegerDotProductFeatures dot{};
    dot.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_FEATURES;
    dot.shaderIntegerDotProduct = VK_TRUE;
    VkPhysicalDeviceVulkan12Features features{};
    features.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES;
    features.bufferDeviceAddress = VK_TRUE;
    features.scalarBlockLayout = VK_TRUE;
    std::vector<const char*> extensions;
    if (capabilities().integerDot) {
        features.pNext = &dot;
        VkPhysicalDeviceProperties2 properties{};
        properties.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2;
        instance_.api().GetPhysicalDeviceProperties2(chosen_.handle, &properties);
        if (properties.properties.apiVersion < VK_API_VERSION_1_3) // an extension until then
            extensions.push_back(VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME);
    }
    VkDeviceCreateInfo create{};
    create.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO;
    create.queueCreateInfoCount = 1;
    create.pQueueCreateInfos = &queue;
    VkPhysicalDeviceCooperativeMatrixFeaturesNV matrix{};
    matrix.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_NV;
    matrix.cooperativeMatrix = VK_TRUE;
    if (capabilities().matrixLevels || capabilities().matrixHalves) {
        matrix.pNext = features.pNext;
        features.pNext = &matrix;
        features.shaderInt8 = VK_TRUE;
        features.shaderFloat16 = VK_TRUE;
        features.vulkanMemoryModel = VK_TRUE;
        extensions.push_back(VK_NV_COOPERATIVE_MATRIX_EXTENSION_NAME);
    }
    VkPhysicalDeviceShaderClockFeaturesKHR clocks{};
    clocks.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_CLOCK_FEATURES_KHR;
    clocks.shaderSubgroupClock = VK_TRUE;
    clocks.shaderDeviceClock = VK_TRUE;
    VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR executables{};
    executables.sType =
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PIPELINE_EXECUTABLE_PROPERTIES_FEATURES_KHR;
    executables.pipelineExecutableInfo = VK_TRUE;
    if (tracing()) {
        clocks.pNext = features.pNext;
        features.pNext = &clocks;
        extensions.push_back(VK_KHR_SHADER_CLOCK_EXTENSION_NAME);
    }
    if (trialNumber("BWLA_STATISTICS", 0) != 0) {
        executables.pNext = features.pNext;
        features.pNext = &executables;
        extensions.push_back(VK_KHR_PIPELINE_EXECUTABLE_PROPERTIES_EXTENSION_NAME);
    }
    create.pNext = &features;
    create.enabledExtensionCount = static_cast<std::uint32_t>(extensions.size());
    create.ppEnabledExtensionNames = extensions.data();
    check(instance_.api().CreateDevice(chosen_.handle, &create, nullptr, &handle_),
          "opening the device");
}

Device::~Device() {
    api_.DeviceWaitIdle(handle_);
    api_.DestroyFence(handle_, fence_, nullptr);
    api_.DestroyCommandPool(handle_, pool_, nullptr);
    api_.DestroyDevice(handle_, nullptr);
}

std::int64_t Device::freeMemory() const {
    return freeDeviceMemory(instance_.api(), chosen_);
}

VkCommandBuffer Device::allocateCommands() const {
    VkCommandBufferAllocateInfo allocate{};
    allocate.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO;
    allocate.commandPool = pool_;
    allocate.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY;
    allocate.commandBufferCount = 1;
    VkCommandBuffer commands = nullptr;
    check(api_.AllocateCommandBuffers(handle_, &allocate, &commands), "a command buffer");
    return commands;
}

void Device::freeCommands(VkCommandBuffer commands) const {
    api_.FreeCommandBuffers(handle_, pool_, 1, &commands);
}

/// A step of a small model takes 1 ms on a large GPU, of which waking up from a wait is a
/// twentieth.
void Device::lookForEnd() const {
    constexpr std::chrono::milliseconds most{3};
    const auto begin = std::chrono::steady_clock::now();
    while (info().isGpu() && api_.GetFenceStatus(handle_, fence_) == VK_NOT_READY &&
           std::chrono::steady_clock::now() - begin < most)
        std::this_thread::yield();
}

void Device::run(std::span<const VkCommandBuffer> commands, const char* what) const {
    VkSubmitInfo submit{};
    submit.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO;
    submit.commandBufferCount = static_cast<std::uint32_t>(commands.size());
    submit.pCommandBuffers = commands.data();
    if (mask_.submissions > 0 && ++submissions_ > mask_.submissions)
        check(VK_ERROR_DEVICE_LOST, what);
    check(api_.QueueSubmit(queue_, 1, &submit, fence_), what);
    lookForEnd();
    check(api_.WaitForFences(handle_, 1, &fence_, VK_TRUE, UINT64_MAX), what);
    check(api_.ResetFences(handle_, 1, &fence_), what);
}

VkResult Device::allocate(const VkMemoryAllocateInfo& what, VkDeviceMemory& memory) const {
    if (mask_.allocations > 0 && ++allocations_ > mask_.allocations)
        return VK_ERROR_OUT_OF_DEVICE_MEMORY;
    return api_.AllocateMemory(handle_, &what, nullptr, &memory);
}

} // namespace bwla::vulkan
