// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/vulkan/vulkan_api.h"

#include "kernels/kernel_error.h"

#include <dlfcn.h>

#include <string>

namespace bwla::vulkan {
namespace {

LoaderApi openLoader() {
    LoaderApi api;
    void* library = dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr)
        throw KernelError(
            KernelErrorCode::unsupported, "Vulkan",
            "its loader libvulkan.so.1 is not installed; install it, or use --backend cpu");
    api.GetInstanceProcAddr =
        reinterpret_cast<PFN_vkGetInstanceProcAddr>(dlsym(library, "vkGetInstanceProcAddr"));
    if (api.GetInstanceProcAddr == nullptr)
        throw KernelError(KernelErrorCode::unsupported, "Vulkan",
                          "libvulkan.so.1 is not a Vulkan loader");
    const auto find = [&](const char* name) { return api.GetInstanceProcAddr(nullptr, name); };
    api.CreateInstance = reinterpret_cast<PFN_vkCreateInstance>(find("vkCreateInstance"));
    api.EnumerateInstanceVersion =
        reinterpret_cast<PFN_vkEnumerateInstanceVersion>(find("vkEnumerateInstanceVersion"));
    api.EnumerateInstanceLayerProperties = reinterpret_cast<PFN_vkEnumerateInstanceLayerProperties>(
        find("vkEnumerateInstanceLayerProperties"));
    return api;
}

} // namespace

const LoaderApi& loader() {
    static const LoaderApi api = openLoader();
    return api;
}

InstanceApi loadInstanceApi(VkInstance instance) {
    InstanceApi api;
#define BWLA_LOAD(name)                                                                            \
    api.name = reinterpret_cast<PFN_vk##name>(loader().GetInstanceProcAddr(instance, "vk" #name));
    BWLA_VULKAN_INSTANCE_FUNCTIONS(BWLA_LOAD)
#undef BWLA_LOAD
    return api;
}

DeviceApi loadDeviceApi(const InstanceApi& instance, VkDevice device) {
    DeviceApi api;
#define BWLA_LOAD(name)                                                                            \
    api.name = reinterpret_cast<PFN_vk##name>(instance.GetDeviceProcAddr(device, "vk" #name));
    BWLA_VULKAN_DEVICE_FUNCTIONS(BWLA_LOAD)
#undef BWLA_LOAD
    return api;
}

void check(VkResult result, const char* what) {
    switch (result) {
    case VK_SUCCESS:
        return;
    case VK_ERROR_OUT_OF_HOST_MEMORY:
    case VK_ERROR_OUT_OF_DEVICE_MEMORY:
    case VK_ERROR_TOO_MANY_OBJECTS:
        throw KernelError(KernelErrorCode::outOfMemory, "Vulkan device",
                          std::string(what) + " needs more memory than the device has free");
    case VK_ERROR_DEVICE_LOST:
        throw KernelError(KernelErrorCode::deviceLost, "Vulkan device",
                          std::string("the device stopped answering during ") + what +
                              "; what was uploaded to it is gone, load the model again");
    default:
        throw KernelError(KernelErrorCode::unsupported, "Vulkan device",
                          std::string(what) + " failed with Vulkan result " +
                              std::to_string(static_cast<int>(result)));
    }
}

} // namespace bwla::vulkan
