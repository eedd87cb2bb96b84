// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "kernels/vulkan/device.h"

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bwla::vulkan {

/// SPIR-V words of the shader variant `name` that CMakeLists.txt built. Throws
/// KernelError{unsupported}.
[[nodiscard]] std::span<const std::uint32_t> shaderCode(std::string_view name);

/// Of all shaders of this program, as text.
[[nodiscard]] const std::string& shaderFingerprint();

/// Compute pipelines by shader variant and specialization constants (constant_id 0 is the size of a
/// workgroup), created at first use. All have push constants of 128 bytes and no descriptors.
class Pipelines {
public:
    explicit Pipelines(std::shared_ptr<const Device> device);
    ~Pipelines();
    Pipelines(const Pipelines&) = delete;
    Pipelines& operator=(const Pipelines&) = delete;

    [[nodiscard]] VkPipeline get(const std::string& shader,
                                 const std::vector<std::uint32_t>& constants);
    [[nodiscard]] VkPipelineLayout layout() const { return layout_; }

private:
    std::shared_ptr<const Device> device_;
    VkPipelineLayout layout_ = nullptr;
    std::map<std::pair<std::string, std::vector<std::uint32_t>>, VkPipeline> pipelines_;
};

} // namespace bwla::vulkan
