// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/vulkan_backend.h"

#include "kernels/vulkan/vulkan_recorder.h"

namespace bwla {
namespace vulkan {
namespace {

/// Says which variants of the kernels a device gets.
std::string variantOf(const Capabilities& capabilities) {
    std::string text = capabilities.subgroupArithmetic
                           ? "subgroup " + std::to_string(capabilities.subgroupSize)
                           : "no subgroups";
    text += capabilities.integerDot ? ", packed dot" : ", no packed dot";
    if (capabilities.matrixLevels || capabilities.matrixHalves)
        text += std::string(", matrix units for ") + (capabilities.matrixLevels ? "levels" : "") +
                (capabilities.matrixLevels && capabilities.matrixHalves ? " and " : "") +
                (capabilities.matrixHalves ? "halves" : "");
    return text;
}

class VulkanBackend final : public Backend {
public:
    explicit VulkanBackend(const VulkanOptions& options) : machine_(options) {}

    [[nodiscard]] BackendInfo info() const override {
        return {"vulkan", machine_.device->info().name, variantOf(machine_.device->capabilities()),
                0};
    }
    [[nodiscard]] std::int64_t freeMemory() const override { return machine_.memory.available(); }
    [[nodiscard]] std::unique_ptr<Linear> upload(const HostLinear& linear) override {
        return std::make_unique<DeviceWeights>(linear, machine_);
    }
    [[nodiscard]] std::unique_ptr<Linear> synthesize(const SynthLinear& what) override {
        return std::make_unique<DeviceWeights>(what, machine_);
    }
    [[nodiscard]] std::unique_ptr<Input> upload(const HostInput& input) override {
        return std::make_unique<DeviceInputs>(input, machine_);
    }
    [[nodiscard]] std::unique_ptr<KvCache> kvCache(const KvShape& shape) override {
        return std::make_unique<DeviceCache>(shape, machine_);
    }
    [[nodiscard]] std::unique_ptr<Plan> record(const Forward& forward, int batch) override {
        contract::require(batch >= 1, "record", "a plan needs at least one row");
        auto plan = std::make_unique<VulkanPlan>(machine_, batch, timed_);
        VulkanRecorder recorder(*plan);
        forward(recorder);
        plan->encode();
        return plan;
    }
    bool run(Plan& plan, const Step& step, std::stop_token stop) override {
        auto* own = dynamic_cast<VulkanPlan*>(&plan);
        contract::require(own != nullptr && &own->machine() == &machine_, "run",
                          "the plan belongs to another backend");
        return own->run(step, stop);
    }

    void timePlans(bool on) override { timed_ = on; }

private:
    Machine machine_;
    bool timed_ = false;
};

} // namespace
} // namespace vulkan

std::vector<VulkanDeviceInfo> vulkanDevices() {
    std::vector<VulkanDeviceInfo> infos;
    try {
        for (const auto& device : vulkan::Instance().devices())
            infos.push_back(device.info);
    } catch (const KernelError&) { // no loader or no driver: no devices
    }
    return infos;
}

std::unique_ptr<Backend> makeVulkanBackend(const VulkanOptions& options) {
    return std::make_unique<vulkan::VulkanBackend>(options);
}

} // namespace bwla
