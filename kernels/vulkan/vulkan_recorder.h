// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "kernels/vulkan/vulkan_plan.h"

namespace bwla::vulkan {

/// Turns verbs into operations of a VulkanPlan.
class VulkanRecorder final : public Recorder {
public:
    explicit VulkanRecorder(VulkanPlan& plan) : plan_(plan) {}

    Buffer buffer(std::int64_t cols) override { return plan_.addBuffer(cols); }
    void embed(const Linear& table, Buffer out) override;
    Prepared prepare(const NormSpec& norm, const Input& input, Buffer x, int bits) override;
    void linear(Prepared x, std::span<const LinearTarget> targets) override;
    void attend(const AttendSpec& spec, Buffer q, Buffer k, Buffer v, Buffer out) override;
    void gate(Buffer gate, Buffer up, Buffer out) override;
    void head(const NormSpec& norm, const Linear& table, Buffer x, HeadRows rows) override;

private:
    /// The product reads `input` at the operation that is appended next.
    void willRead(PreparedRows& input, const DeviceWeights& weight);

    VulkanPlan& plan_;
};

} // namespace bwla::vulkan
