// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "kernels/vulkan/vulkan_ops.h"

#include <memory>

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
    void mayBorrow(PreparedRows& input, const ProductGroup& group);

    VulkanPlan& plan_;
    std::shared_ptr<ProductGroup> lastProducts_; ///< a gate that follows becomes part of them
    std::size_t afterProducts_ = 0;              ///< operations when they had been appended
};

} // namespace bwla::vulkan
