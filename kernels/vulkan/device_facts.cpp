// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/vulkan/device_facts.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

namespace bwla::vulkan {
namespace {

constexpr std::array<const char*, 5> typeNames = {"other", "integrated gpu", "discrete gpu",
                                                  "virtual gpu", "cpu"};
constexpr std::uint32_t neededInvocations = 256;
constexpr std::uint32_t leastSubgroup = 4; // shaders/team.glsl, MOST_TEAMS
// Some drivers promise more and then fail.
constexpr VkDeviceSize largestAllocation = VkDeviceSize{2} << 30;

std::string uuidText(const std::uint8_t* bytes) {
    static constexpr const char* digits = "0123456789abcdef";
    std::string text;
    for (unsigned i = 0; i < VK_UUID_SIZE; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            text += '-';
        text += digits[bytes[i] >> 4];
        text += digits[bytes[i] & 15];
    }
    return text;
}

bool hasExtension(const InstanceApi& api, VkPhysicalDevice handle, const char* name) {
    std::uint32_t count = 0;
    api.EnumerateDeviceExtensionProperties(handle, nullptr, &count, nullptr);
    std::vector<VkExtensionProperties> extensions(count);
    api.EnumerateDeviceExtensionProperties(handle, nullptr, &count, extensions.data());
    return std::ranges::any_of(extensions, [name](const VkExtensionProperties& extension) {
        return std::strcmp(extension.extensionName, name) == 0;
    });
}

/// A queue that computes, without graphics where there is one.
bool findQueue(const InstanceApi& api, VkPhysicalDevice handle, Capabilities& capabilities) {
    std::uint32_t count = 0;
    api.GetPhysicalDeviceQueueFamilyProperties(handle, &count, nullptr);
    std::vector<VkQueueFamilyProperties> families(count);
    api.GetPhysicalDeviceQueueFamilyProperties(handle, &count, families.data());
    bool found = false;
    for (std::uint32_t i = 0; i < count; ++i) {
        if ((families[i].queueFlags & VK_QUEUE_COMPUTE_BIT) == 0)
            continue;
        if (found && (families[i].queueFlags & VK_QUEUE_GRAPHICS_BIT) != 0)
            continue;
        capabilities.queueFamily = i;
        capabilities.timestamps = families[i].timestampValidBits != 0;
        found = true;
    }
    return found;
}

/// Where one workgroup may wait for those before it: drivers known to keep going what has started
/// (Sorensen et al., "Portable inter-workgroup barrier synchronisation for GPUs", OOPSLA 2016,
/// tried NVIDIA, AMD and Intel; llvmpipe leaves every loop after 65,535
/// rounds of all of a shader's loops together, Mesa 22.3, but with a single thread nobody there
/// ever has to wait).
bool letsGroupsWait(VkDriverId driver) {
    switch (driver) {
    case VK_DRIVER_ID_NVIDIA_PROPRIETARY:
    case VK_DRIVER_ID_AMD_PROPRIETARY:
    case VK_DRIVER_ID_AMD_OPEN_SOURCE:
    case VK_DRIVER_ID_MESA_RADV:
    case VK_DRIVER_ID_INTEL_PROPRIETARY_WINDOWS:
    case VK_DRIVER_ID_INTEL_OPEN_SOURCE_MESA:
        return true;
    case VK_DRIVER_ID_MESA_LLVMPIPE: {
        const char* threads = std::getenv("LP_NUM_THREADS");
        return threads != nullptr && std::string_view(threads) == "1";
    }
    default:
        return false;
    }
}

struct Properties {
    VkPhysicalDeviceVulkan12Properties v12{};
    VkPhysicalDeviceVulkan11Properties v11{};
    VkPhysicalDeviceProperties2 core{};
};

Properties propertiesOf(const InstanceApi& api, VkPhysicalDevice handle) {
    Properties properties;
    properties.core.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2;
    api.GetPhysicalDeviceProperties2(handle, &properties.core);
    if (properties.core.properties.apiVersion < VK_API_VERSION_1_2)
        return properties;
    properties.v12.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_PROPERTIES;
    properties.v11.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_PROPERTIES;
    properties.v11.pNext = &properties.v12;
    properties.core.pNext = &properties.v11;
    api.GetPhysicalDeviceProperties2(handle, &properties.core);
    properties.core.pNext = properties.v11.pNext = nullptr;
    return properties;
}

std::uint32_t multiprocessorsOf(const InstanceApi& api, VkPhysicalDevice handle) {
    VkPhysicalDeviceShaderSMBuiltinsPropertiesNV units{};
    units.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_SM_BUILTINS_PROPERTIES_NV;
    if (!hasExtension(api, handle, VK_NV_SHADER_SM_BUILTINS_EXTENSION_NAME))
        return 0;
    VkPhysicalDeviceProperties2 core{};
    core.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2;
    core.pNext = &units;
    api.GetPhysicalDeviceProperties2(handle, &core);
    return units.shaderSMCount;
}

/// The products of matrix units that tile_matrix.comp is made of.
void findMatrixShapes(const InstanceApi& api, VkPhysicalDevice handle, Capabilities& capabilities) {
    std::uint32_t count = 0;
    api.GetPhysicalDeviceCooperativeMatrixPropertiesNV(handle, &count, nullptr);
    VkCooperativeMatrixPropertiesNV empty{};
    empty.sType = VK_STRUCTURE_TYPE_COOPERATIVE_MATRIX_PROPERTIES_NV;
    std::vector<VkCooperativeMatrixPropertiesNV> shapes(count, empty);
    api.GetPhysicalDeviceCooperativeMatrixPropertiesNV(handle, &count, shapes.data());
    const auto has = [&](VkComponentTypeNV in, VkComponentTypeNV sum, std::uint32_t depth) {
        return std::ranges::any_of(shapes, [&](const VkCooperativeMatrixPropertiesNV& shape) {
            return shape.MSize == 16 && shape.NSize == 16 && shape.KSize == depth &&
                   shape.AType == in && shape.BType == in && shape.CType == sum &&
                   shape.DType == sum && shape.scope == VK_SCOPE_SUBGROUP_NV;
        });
    };
    capabilities.matrixLevels = has(VK_COMPONENT_TYPE_UINT8_NV, VK_COMPONENT_TYPE_UINT32_NV, 32);
    capabilities.matrixHalves = has(VK_COMPONENT_TYPE_FLOAT16_NV, VK_COMPONENT_TYPE_FLOAT32_NV, 16);
}

/// The first thing missing; empty where the device will do.
std::string readFeatures(const InstanceApi& api, VkPhysicalDevice handle, std::uint32_t version,
                         Capabilities& capabilities) {
    VkPhysicalDeviceShaderIntegerDotProductFeatures dot{};
    dot.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_FEATURES;
    VkPhysicalDeviceVulkan12Features v12{};
    v12.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES;
    VkPhysicalDeviceFeatures2 core{};
    core.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2;
    core.pNext = &v12;
    const bool mayDot = version >= VK_API_VERSION_1_3 ||
                        hasExtension(api, handle, VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME);
    if (mayDot)
        v12.pNext = &dot;
    VkPhysicalDeviceCooperativeMatrixFeaturesNV matrix{};
    matrix.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_NV;
    if (hasExtension(api, handle, VK_NV_COOPERATIVE_MATRIX_EXTENSION_NAME)) {
        matrix.pNext = v12.pNext;
        v12.pNext = &matrix;
    }
    api.GetPhysicalDeviceFeatures2(handle, &core);
    capabilities.integerDot = dot.shaderIntegerDotProduct != 0;
    const bool matrices = matrix.cooperativeMatrix != 0 && v12.shaderInt8 != 0 &&
                          v12.shaderFloat16 != 0 && v12.vulkanMemoryModel != 0 &&
                          capabilities.subgroupSize == 32;
    if (matrices && api.GetPhysicalDeviceCooperativeMatrixPropertiesNV != nullptr)
        findMatrixShapes(api, handle, capabilities);
    if (v12.bufferDeviceAddress == 0)
        return "buffer device addresses";
    return v12.scalarBlockLayout == 0 ? "scalar block layout" : "";
}

} // namespace

Candidate candidate(const InstanceApi& api, VkPhysicalDevice handle) {
    Candidate result;
    result.handle = handle;
    const Properties properties = propertiesOf(api, handle);
    const VkPhysicalDeviceProperties& core = properties.core.properties;
    result.info.name = core.deviceName;
    result.info.type = typeNames[std::min<std::size_t>(core.deviceType, typeNames.size() - 1)];
    Capabilities& capabilities = result.capabilities;
    if (core.apiVersion < VK_API_VERSION_1_2) {
        result.info.missing = "Vulkan 1.2";
        return result;
    }
    result.info.uuid = uuidText(properties.v11.deviceUUID);
    result.info.driver = std::string(properties.v12.driverName) + " " + properties.v12.driverInfo;
    capabilities.driverId = uuidText(properties.v11.driverUUID) + " " +
                            std::to_string(core.driverVersion) + " " + result.info.driver;
    capabilities.waitingGroups = letsGroupsWait(properties.v12.driverID);
    capabilities.subgroupSize = properties.v11.subgroupSize;
    const bool subgroups =
        (properties.v11.subgroupSupportedStages & VK_SHADER_STAGE_COMPUTE_BIT) != 0 &&
        capabilities.subgroupSize >= leastSubgroup;
    const VkSubgroupFeatureFlags operations = properties.v11.subgroupSupportedOperations;
    capabilities.subgroupArithmetic =
        subgroups && (operations & VK_SUBGROUP_FEATURE_ARITHMETIC_BIT) != 0;
    capabilities.subgroupShuffle = subgroups && (operations & VK_SUBGROUP_FEATURE_SHUFFLE_BIT) != 0;
    capabilities.allocationBytes = static_cast<std::int64_t>(
        std::min<VkDeviceSize>(properties.v11.maxMemoryAllocationSize, largestAllocation));
    capabilities.invocations = core.limits.maxComputeWorkGroupInvocations;
    capabilities.sharedBytes = core.limits.maxComputeSharedMemorySize;
    capabilities.memoryBudget = hasExtension(api, handle, VK_EXT_MEMORY_BUDGET_EXTENSION_NAME);
    capabilities.timestampNanoseconds = double{core.limits.timestampPeriod};
    capabilities.multiprocessors = multiprocessorsOf(api, handle);
    if (!findQueue(api, handle, capabilities))
        result.info.missing = "a queue that computes";
    else if (core.limits.maxComputeWorkGroupInvocations < neededInvocations)
        result.info.missing = "workgroups of 256 invocations";
    else if (core.limits.maxPushConstantsSize < 128)
        result.info.missing = "128 bytes of push constants";
    else
        result.info.missing = readFeatures(api, handle, core.apiVersion, capabilities);
    return result;
}

void applyMask(const VulkanMask& mask, Capabilities& capabilities) {
    capabilities.subgroupArithmetic = capabilities.subgroupArithmetic && !mask.subgroupArithmetic;
    capabilities.subgroupShuffle = capabilities.subgroupShuffle && !mask.subgroupArithmetic;
    capabilities.integerDot = capabilities.integerDot && !mask.integerDot;
    capabilities.waitingGroups = capabilities.waitingGroups && !mask.waitingGroups;
    capabilities.matrixLevels = capabilities.matrixLevels && !mask.matrices && !mask.integerDot;
    capabilities.matrixHalves = capabilities.matrixHalves && !mask.matrices;
    if (mask.allocationBytes > 0)
        capabilities.allocationBytes = std::min(capabilities.allocationBytes, mask.allocationBytes);
    capabilities.memoryBytes = mask.memoryBytes;
}

int gpuRank(const VulkanDeviceInfo& info) {
    constexpr std::array<const char*, 3> order = {"discrete gpu", "integrated gpu", "virtual gpu"};
    return static_cast<int>(std::ranges::find(order, info.type) - order.begin());
}

} // namespace bwla::vulkan
