// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/vulkan_backend.h"

#include "kernels/vulkan/self_check.h"
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

constexpr int gpuPromptRows = 512; // docs/performance.md, version 6

class VulkanBackend final : public Backend {
public:
    explicit VulkanBackend(const VulkanOptions& options) : machine_(options) {}

    [[nodiscard]] BackendInfo info() const override {
        return {"vulkan", machine_.device->info().name, variantOf(machine_.device->capabilities()),
                0};
    }
    [[nodiscard]] KernelReport kernelReport() const override { return machine_.choice.report(); }
    [[nodiscard]] Machine& machine() { return machine_; }
    [[nodiscard]] int promptRows() const override {
        return machine_.device->info().isGpu() ? gpuPromptRows : 128;
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

constexpr auto avoidFact = "avoid ";

/// A backend without some groups of kernels, which were wrong.
std::unique_ptr<VulkanBackend> without(const VulkanOptions& options,
                                       const std::vector<KernelGroup>& groups,
                                       const std::string& wrong) {
    VulkanOptions reduced = options;
    for (const KernelGroup& group : groups)
        reduced.mask.*group.without = true;
    auto backend = std::make_unique<VulkanBackend>(reduced);
    for (const KernelGroup& group : groups)
        backend->machine().choice.avoid(group.name, wrong);
    return backend;
}

/// One group of kernels after another is left out, then all, until nothing is wrong any more.
std::unique_ptr<VulkanBackend> findRight(const VulkanOptions& options, KernelMemory& memory,
                                         const std::string& device, const std::string& wrong) {
    std::vector<std::vector<KernelGroup>> attempts;
    for (const KernelGroup& group : kernelGroups())
        attempts.push_back({group});
    attempts.push_back(kernelGroups());
    for (const auto& groups : attempts) {
        auto backend = without(options, groups, wrong);
        if (!selfCheck(*backend, backend->machine()).empty())
            continue;
        backend->machine().choice.setChecked();
        for (const KernelGroup& group : groups)
            memory.set(avoidFact + group.name, wrong);
        memory.save();
        return backend;
    }
    throw KernelError(KernelErrorCode::wrongResult, device,
                      "it computes wrongly and is not used (" + wrong + ")");
}

/// Checked when the device is first used, as it was remembered later.
std::unique_ptr<VulkanBackend> checkedBackend(const VulkanOptions& options) {
    auto backend = std::make_unique<VulkanBackend>(options);
    KernelChoice& choice = backend->machine().choice;
    const VulkanDeviceInfo& device = backend->machine().device->info();
    if (!checksKernels(options, device) || choice.checked())
        return backend;
    std::vector<KernelGroup> avoided;
    std::string wrong;
    for (const KernelGroup& group : kernelGroups())
        if (const std::string fact = choice.memory().fact(avoidFact + group.name); !fact.empty()) {
            avoided.push_back(group);
            wrong = fact;
        }
    if (!avoided.empty())
        return without(options, avoided, wrong);
    wrong = selfCheck(*backend, backend->machine());
    if (!wrong.empty())
        return findRight(options, choice.memory(), device.name, wrong);
    choice.setChecked();
    return backend;
}

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

bool vulkanValidates() {
    try {
        return vulkan::hasValidationLayer();
    } catch (const KernelError&) { // no loader
        return false;
    }
}

std::unique_ptr<Backend> makeVulkanBackend(const VulkanOptions& options) {
    return vulkan::checkedBackend(options);
}

} // namespace bwla
