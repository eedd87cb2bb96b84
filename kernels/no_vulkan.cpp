// SPDX-License-Identifier: GPL-3.0-or-later
//
// Stands for kernels/vulkan/ in a build with BWLA_VULKAN=OFF.
#include "kernels/vulkan_backend.h"

namespace bwla {
namespace {

[[noreturn]] void notBuilt() {
    throw KernelError(KernelErrorCode::unsupported, "Vulkan", "this program was built without it");
}

} // namespace

std::vector<VulkanDeviceInfo> vulkanDevices() {
    return {};
}
bool vulkanValidates() {
    return false;
}
std::unique_ptr<Backend> makeVulkanBackend(const VulkanOptions&) {
    notBuilt();
}
std::unique_ptr<ProductBench> makeVulkanBench(const VulkanOptions&) {
    notBuilt();
}
std::vector<KernelCheck> vulkanSelftest(const VulkanOptions&) {
    notBuilt();
}

} // namespace bwla
