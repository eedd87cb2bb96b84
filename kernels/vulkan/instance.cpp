// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/vulkan/instance.h"

#include "kernels/kernel_error.h"
#include "kernels/vulkan/device_facts.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace bwla::vulkan {
namespace {

constexpr const char* validationLayer = "VK_LAYER_KHRONOS_validation";

std::uint32_t apiVersion() {
    std::uint32_t version = VK_API_VERSION_1_0;
    if (loader().EnumerateInstanceVersion != nullptr)
        loader().EnumerateInstanceVersion(&version);
    return std::min<std::uint32_t>(version, VK_API_VERSION_1_3);
}

VkBool32 VKAPI_PTR hear(VkDebugUtilsMessageSeverityFlagBitsEXT, VkDebugUtilsMessageTypeFlagsEXT,
                        const VkDebugUtilsMessengerCallbackDataEXT* data, void* listener) {
    (*static_cast<std::function<void(std::string_view)>*>(listener))(data->pMessage);
    return VK_FALSE;
}

[[noreturn]] void unsupported(const std::string& subject, const std::string& detail) {
    throw KernelError(KernelErrorCode::unsupported, subject, detail);
}

bool answersTo(const VulkanDeviceInfo& info, const std::string& wanted) {
    return info.uuid == wanted || info.name.find(wanted) != std::string::npos;
}

std::string namesOf(const std::vector<Candidate>& devices) {
    std::string names;
    for (const Candidate& device : devices)
        names += (names.empty() ? "" : ", ") + device.info.name;
    return names.empty() ? "none" : names;
}

} // namespace

bool hasValidationLayer() {
    std::uint32_t count = 0;
    loader().EnumerateInstanceLayerProperties(&count, nullptr);
    std::vector<VkLayerProperties> layers(count);
    loader().EnumerateInstanceLayerProperties(&count, layers.data());
    return std::ranges::any_of(layers, [](const VkLayerProperties& layer) {
        return std::strcmp(layer.layerName, validationLayer) == 0;
    });
}

Instance::Instance(std::function<void(std::string_view)> listener)
    : listener_(std::move(listener)) {
    const bool validates = listener_ && hasValidationLayer();
    const VkApplicationInfo application{.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
                                        .pNext = nullptr,
                                        .pApplicationName = "bwla",
                                        .applicationVersion = 0,
                                        .pEngineName = "bwla",
                                        .engineVersion = 0,
                                        .apiVersion = apiVersion()};
    const VkValidationFeatureEnableEXT enabled =
        VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT;
    VkValidationFeaturesEXT features{};
    features.sType = VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT;
    features.enabledValidationFeatureCount = 1;
    features.pEnabledValidationFeatures = &enabled;
    const char* extensions[] = {VK_EXT_DEBUG_UTILS_EXTENSION_NAME,
                                VK_EXT_VALIDATION_FEATURES_EXTENSION_NAME};
    VkInstanceCreateInfo create{};
    create.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO;
    create.pApplicationInfo = &application;
    if (validates) {
        create.pNext = &features;
        create.enabledLayerCount = 1;
        create.ppEnabledLayerNames = &validationLayer;
        create.enabledExtensionCount = 2;
        create.ppEnabledExtensionNames = extensions;
    }
    const VkResult result = loader().CreateInstance(&create, nullptr, &handle_);
    if (result == VK_ERROR_INCOMPATIBLE_DRIVER)
        unsupported("Vulkan", "no driver is installed; install your GPU's, or use --backend cpu");
    check(result, "creating a Vulkan instance");
    api_ = loadInstanceApi(handle_);
    if (validates)
        listen();
}

void Instance::listen() {
    const auto create = reinterpret_cast<PFN_vkCreateDebugUtilsMessengerEXT>(
        loader().GetInstanceProcAddr(handle_, "vkCreateDebugUtilsMessengerEXT"));
    VkDebugUtilsMessengerCreateInfoEXT info{};
    info.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT;
    info.messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT |
                           VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT;
    info.messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT;
    info.pfnUserCallback = hear;
    info.pUserData = &listener_;
    check(create(handle_, &info, nullptr, &messenger_), "listening to the validation layer");
}

Instance::~Instance() {
    if (messenger_ != nullptr) {
        const auto destroy = reinterpret_cast<PFN_vkDestroyDebugUtilsMessengerEXT>(
            loader().GetInstanceProcAddr(handle_, "vkDestroyDebugUtilsMessengerEXT"));
        destroy(handle_, messenger_, nullptr);
    }
    api_.DestroyInstance(handle_, nullptr);
}

/// Of the largest heap that is the device's own.
std::int64_t freeDeviceMemory(const InstanceApi& api, const Candidate& device) {
    VkPhysicalDeviceMemoryBudgetPropertiesEXT budget{};
    budget.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT;
    VkPhysicalDeviceMemoryProperties2 properties{};
    properties.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2;
    if (device.capabilities.memoryBudget)
        properties.pNext = &budget;
    api.GetPhysicalDeviceMemoryProperties2(device.handle, &properties);
    const VkPhysicalDeviceMemoryProperties& memory = properties.memoryProperties;
    VkDeviceSize most = 0;
    for (std::uint32_t heap = 0; heap < memory.memoryHeapCount; ++heap) {
        if ((memory.memoryHeaps[heap].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) == 0)
            continue;
        const VkDeviceSize size = memory.memoryHeaps[heap].size;
        const VkDeviceSize allowed =
            device.capabilities.memoryBudget ? budget.heapBudget[heap] : size;
        most = std::max(most, allowed - std::min(allowed, budget.heapUsage[heap]));
    }
    return static_cast<std::int64_t>(most);
}

std::vector<Candidate> Instance::devices() const {
    std::uint32_t count = 0;
    check(api_.EnumeratePhysicalDevices(handle_, &count, nullptr), "listing devices");
    std::vector<VkPhysicalDevice> handles(count);
    check(api_.EnumeratePhysicalDevices(handle_, &count, handles.data()), "listing devices");
    std::vector<Candidate> candidates;
    for (VkPhysicalDevice handle : handles)
        candidates.push_back(candidate(api_, handle));
    for (Candidate& device : candidates)
        if (device.info.missing.empty())
            device.info.freeMemory = freeDeviceMemory(api_, device);
    std::ranges::stable_sort(candidates, [](const Candidate& a, const Candidate& b) {
        return gpuRank(a.info) < gpuRank(b.info);
    });
    return candidates;
}

Candidate Instance::choose(const VulkanOptions& options) const {
    const auto all = devices();
    const char* variable = std::getenv("BWLA_VULKAN_DEVICE");
    const bool fromVariable = options.device.empty() && variable != nullptr && *variable != '\0';
    const std::string wanted = fromVariable ? variable : options.device;
    const Candidate* chosen = nullptr;
    for (const Candidate& device : all) {
        const bool fits = wanted.empty() ? device.info.missing.empty() &&
                                               (device.info.isGpu() || options.allowSoftware)
                                         : answersTo(device.info, wanted);
        if (fits && chosen == nullptr)
            chosen = &device;
    }
    if (chosen == nullptr && !wanted.empty())
        throw KernelError(KernelErrorCode::unknownOverride,
                          fromVariable ? "BWLA_VULKAN_DEVICE" : "Vulkan device",
                          "no device \"" + wanted + "\" here; there is: " + namesOf(all));
    if (chosen == nullptr)
        unsupported("Vulkan", "no usable GPU; there is: " + namesOf(all) + "; use --backend cpu");
    if (!chosen->info.missing.empty())
        unsupported(chosen->info.name, "it lacks " + chosen->info.missing);
    Candidate result = *chosen;
    applyMask(options.mask, result.capabilities);
    return result;
}

} // namespace bwla::vulkan
