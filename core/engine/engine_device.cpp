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

namespace {

constexpr auto byteCache = "/8"; // ends an id

bool keepsBytes(const std::string& id) {
    return id.ends_with(byteCache);
}

} // namespace

std::string withCacheBits(const std::string& id, int bits) {
    return bits == 8 ? id + byteCache : id;
}

std::string processorInsteadOf(const std::string& id) {
    return withCacheBits(processorDevice, keepsBytes(id) ? 8 : 16);
}

std::unique_ptr<Backend> makeEngineBackend(const std::string& id) {
    const int cacheBits = keepsBytes(id) ? 8 : 16;
    const std::string device = id.substr(0, id.find(byteCache));
    const std::string chosen = device == automaticDevice ? chooseDevice(engineDevices()) : device;
    if (chosen == processorDevice)
        return makeCpuBackend({.cacheBits = cacheBits});
    VulkanOptions options;
    options.device = chosen;
    options.cacheBits = cacheBits;
    return makeVulkanBackend(options);
}

} // namespace bwla
