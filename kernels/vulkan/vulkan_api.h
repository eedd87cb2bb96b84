// SPDX-License-Identifier: GPL-3.0-or-later
//
// Vulkan's functions, found at run time: libvulkan.so.1 is opened with dlopen, so that the program
// starts where it is missing.
#pragma once

#define VK_NO_PROTOTYPES
#include <vulkan/vulkan.h>

namespace bwla::vulkan {

#define BWLA_VULKAN_INSTANCE_FUNCTIONS(X)                                                          \
    X(DestroyInstance)                                                                             \
    X(EnumeratePhysicalDevices)                                                                    \
    X(EnumerateDeviceExtensionProperties)                                                          \
    X(GetPhysicalDeviceProperties2)                                                                \
    X(GetPhysicalDeviceFeatures2)                                                                  \
    X(GetPhysicalDeviceMemoryProperties)                                                           \
    X(GetPhysicalDeviceMemoryProperties2)                                                          \
    X(GetPhysicalDeviceQueueFamilyProperties)                                                      \
    X(CreateDevice)                                                                                \
    X(GetDeviceProcAddr)                                                                           \
    X(GetPhysicalDeviceCooperativeMatrixPropertiesNV)

#define BWLA_VULKAN_DEVICE_FUNCTIONS(X)                                                            \
    X(DestroyDevice)                                                                               \
    X(GetDeviceQueue)                                                                              \
    X(QueueSubmit)                                                                                 \
    X(DeviceWaitIdle)                                                                              \
    X(CreateFence)                                                                                 \
    X(DestroyFence)                                                                                \
    X(GetFenceStatus)                                                                              \
    X(ResetFences)                                                                                 \
    X(WaitForFences)                                                                               \
    X(CreateBuffer)                                                                                \
    X(DestroyBuffer)                                                                               \
    X(GetBufferMemoryRequirements)                                                                 \
    X(GetBufferDeviceAddress)                                                                      \
    X(AllocateMemory)                                                                              \
    X(FreeMemory)                                                                                  \
    X(BindBufferMemory)                                                                            \
    X(MapMemory)                                                                                   \
    X(CreateShaderModule)                                                                          \
    X(DestroyShaderModule)                                                                         \
    X(CreatePipelineLayout)                                                                        \
    X(DestroyPipelineLayout)                                                                       \
    X(CreateComputePipelines)                                                                      \
    X(DestroyPipeline)                                                                             \
    X(CreateCommandPool)                                                                           \
    X(DestroyCommandPool)                                                                          \
    X(AllocateCommandBuffers)                                                                      \
    X(FreeCommandBuffers)                                                                          \
    X(BeginCommandBuffer)                                                                          \
    X(EndCommandBuffer)                                                                            \
    X(CmdBindPipeline)                                                                             \
    X(CmdPushConstants)                                                                            \
    X(CmdDispatch)                                                                                 \
    X(CmdDispatchIndirect)                                                                         \
    X(CmdPipelineBarrier)                                                                          \
    X(CmdCopyBuffer)                                                                               \
    X(CmdFillBuffer)                                                                               \
    X(CreateQueryPool)                                                                             \
    X(DestroyQueryPool)                                                                            \
    X(CmdResetQueryPool)                                                                           \
    X(CmdWriteTimestamp)                                                                           \
    X(GetQueryPoolResults)                                                                         \
    X(GetPipelineExecutablePropertiesKHR)                                                          \
    X(GetPipelineExecutableStatisticsKHR)

#define BWLA_VULKAN_MEMBER(name) PFN_vk##name name = nullptr;

/// Functions of the library itself.
struct LoaderApi {
    PFN_vkGetInstanceProcAddr GetInstanceProcAddr = nullptr;
    PFN_vkCreateInstance CreateInstance = nullptr;
    PFN_vkEnumerateInstanceVersion EnumerateInstanceVersion = nullptr;
    PFN_vkEnumerateInstanceLayerProperties EnumerateInstanceLayerProperties = nullptr;
};

struct InstanceApi {
    BWLA_VULKAN_INSTANCE_FUNCTIONS(BWLA_VULKAN_MEMBER)
};

struct DeviceApi {
    BWLA_VULKAN_DEVICE_FUNCTIONS(BWLA_VULKAN_MEMBER)
};

/// Opens the library at the first call; it stays open. Throws KernelError{unsupported}.
[[nodiscard]] const LoaderApi& loader();
[[nodiscard]] InstanceApi loadInstanceApi(VkInstance instance);
[[nodiscard]] DeviceApi loadDeviceApi(const InstanceApi& api, VkDevice device);

/// Throws the KernelError of a failed call (outOfMemory, deviceLost, unsupported); `what` says what
/// was asked for.
void check(VkResult result, const char* what);

} // namespace bwla::vulkan
