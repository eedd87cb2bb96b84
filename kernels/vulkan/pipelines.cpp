// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/vulkan/pipelines.h"

#include "kernels/kernel_error.h"
#include "kernels/kernel_memory.h"
#include "kernels/vulkan/trial.h"

#include <cstdio>

// Generated: one array of words a shader variant, and `shaderTable` of their names.
#include "shader_table.inc"

namespace bwla::vulkan {

constexpr std::uint32_t pushBytes = 128;

std::span<const std::uint32_t> shaderCode(std::string_view name) {
    for (const auto& [known, words] : shaderTable)
        if (known == name)
            return words;
    throw KernelError(KernelErrorCode::unsupported, std::string(name), "no such shader");
}

const std::string& shaderFingerprint() {
    static const std::string text = [] {
        std::string all;
        for (const auto& [name, words] : shaderTable) {
            all += name;
            all += fingerprint({reinterpret_cast<const char*>(words.data()), words.size_bytes()});
        }
        return fingerprint(all);
    }();
    return text;
}

namespace {

/// Registers, bytes of code and the like, as the driver tells.
void printStatistics(const Device& device, VkPipeline pipeline, const std::string& shader,
                     const std::vector<std::uint32_t>& constants) {
    const VkPipelineInfoKHR which{VK_STRUCTURE_TYPE_PIPELINE_INFO_KHR, nullptr, pipeline};
    std::uint32_t count = 0;
    const DeviceApi& api = device.api();
    api.GetPipelineExecutablePropertiesKHR(device.handle(), &which, &count, nullptr);
    for (std::uint32_t i = 0; i < count; ++i) {
        const VkPipelineExecutableInfoKHR info{VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INFO_KHR,
                                               nullptr, pipeline, i};
        std::uint32_t length = 0;
        api.GetPipelineExecutableStatisticsKHR(device.handle(), &info, &length, nullptr);
        VkPipelineExecutableStatisticKHR empty{};
        empty.sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_STATISTIC_KHR;
        std::vector<VkPipelineExecutableStatisticKHR> statistics(length, empty);
        api.GetPipelineExecutableStatisticsKHR(device.handle(), &info, &length, statistics.data());
        std::printf("pipeline %s, constants", shader.c_str());
        for (const std::uint32_t constant : constants)
            std::printf(" %u", constant);
        for (const auto& one : statistics)
            std::printf("; %s %llu", one.name, static_cast<unsigned long long>(one.value.u64));
        std::printf("\n");
    }
    std::fflush(stdout);
}

} // namespace

Pipelines::Pipelines(std::shared_ptr<const Device> device) : device_(std::move(device)) {
    const VkPushConstantRange range{VK_SHADER_STAGE_COMPUTE_BIT, 0, pushBytes};
    VkPipelineLayoutCreateInfo create{};
    create.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO;
    create.pushConstantRangeCount = 1;
    create.pPushConstantRanges = &range;
    check(device_->api().CreatePipelineLayout(device_->handle(), &create, nullptr, &layout_),
          "creating a pipeline layout");
}

Pipelines::~Pipelines() {
    for (const auto& [key, pipeline] : pipelines_)
        device_->api().DestroyPipeline(device_->handle(), pipeline, nullptr);
    device_->api().DestroyPipelineLayout(device_->handle(), layout_, nullptr);
}

VkPipeline Pipelines::get(const std::string& shader, const std::vector<std::uint32_t>& constants) {
    const auto key = std::pair(shader, constants);
    if (const auto found = pipelines_.find(key); found != pipelines_.end())
        return found->second;
    const DeviceApi& api = device_->api();
    const auto code = shaderCode(shader == device_->mask().idleShader ? "idle" : shader);
    VkShaderModuleCreateInfo module{};
    module.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO;
    module.codeSize = code.size_bytes();
    module.pCode = code.data();
    VkShaderModule handle = nullptr;
    check(api.CreateShaderModule(device_->handle(), &module, nullptr, &handle), shader.c_str());
    std::vector<VkSpecializationMapEntry> entries;
    for (std::uint32_t i = 0; i < constants.size(); ++i)
        entries.push_back({i, i * 4, 4});
    const VkSpecializationInfo specialization{static_cast<std::uint32_t>(entries.size()),
                                              entries.data(), 4 * constants.size(),
                                              constants.data()};
    VkComputePipelineCreateInfo create{};
    create.sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO;
    create.stage.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO;
    create.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT;
    create.stage.module = handle;
    create.stage.pName = "main";
    create.stage.pSpecializationInfo = &specialization;
    create.layout = layout_;
    static const bool statistics = trialNumber("BWLA_STATISTICS", 0) != 0;
    if (statistics)
        create.flags = VK_PIPELINE_CREATE_CAPTURE_STATISTICS_BIT_KHR;
    VkPipeline pipeline = nullptr;
    const VkResult result =
        api.CreateComputePipelines(device_->handle(), nullptr, 1, &create, nullptr, &pipeline);
    api.DestroyShaderModule(device_->handle(), handle, nullptr);
    check(result, shader.c_str());
    if (statistics && (shader.starts_with("steady") || shader.starts_with("attend_w")))
        printStatistics(*device_, pipeline, shader, constants);
    pipelines_.emplace(key, pipeline);
    return pipeline;
}

} // namespace bwla::vulkan
