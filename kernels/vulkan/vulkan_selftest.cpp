// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/backend_check.h"
#include "kernels/vulkan_backend.h"

namespace bwla {

std::vector<KernelCheck> vulkanSelftest(const VulkanOptions& options) {
    VulkanOptions asWritten = options; // nobody multiplies these shapes: nothing to be measured
    asWritten.kernels = KernelMode::defaults;
    const auto device = makeVulkanBackend(asWritten);
    const auto reference = makeReferenceBackend();
    std::vector<KernelCheck> checks;
    for (const BackendCase& what : backendCases())
        checks.push_back(checkBackend(*device, *reference, what));
    return checks;
}

} // namespace bwla
