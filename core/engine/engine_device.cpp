// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/engine/engine_device.h"

#include "kernels/cpu/cpu_features.h"
#include "kernels/vulkan_backend.h"

namespace bwla {

std::vector<EngineDevice> engineDevices() {
    std::vector<EngineDevice> devices{
        {.id = processorDevice, .name = cpuName(), .type = "processor", .missing = {}}};
    for (const VulkanDeviceInfo& info : vulkanDevices())
        devices.push_back({.id = info.uuid,
                           .name = info.name,
                           .type = info.isGpu() ? info.type : "software",
                           .missing = info.missing,
                           .freeMemory = info.isGpu() ? info.freeMemory : 0});
    return devices;
}

std::string chooseDevice(const std::vector<EngineDevice>& devices) {
    for (const EngineDevice& device : devices)
        if (device.type.ends_with("gpu") && device.missing.empty())
            return device.id;
    return processorDevice;
}

std::unique_ptr<Backend> makeEngineBackend(const EngineChoice& choice) {
    const std::string device =
        choice.device == automaticDevice ? chooseDevice(engineDevices()) : choice.device;
    if (device == processorDevice)
        return makeCpuBackend({.cacheBits = choice.cacheBits});
    VulkanOptions options;
    options.device = device;
    options.cacheBits = choice.cacheBits;
    return makeVulkanBackend(options);
}

} // namespace bwla
