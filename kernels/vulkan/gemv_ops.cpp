// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/vulkan/gemv_ops.h"

#include <algorithm>

namespace bwla::vulkan {
namespace {

constexpr std::int64_t mostRank = 64;
constexpr std::int64_t mostRowQuads = 65535;

} // namespace

std::int32_t productFlags(const ProductTarget& target) {
    enum Flag { scale = 1, mean = 2, accumulate = 4 };
    return (target.weight->scale(0) != 0 ? scale : 0) | (target.weight->mean(0) != 0 ? mean : 0) |
           (target.accumulate ? accumulate : 0);
}

std::optional<GemvOperands> gemvOperands(const VulkanPlan& plan, const PreparedRows& input,
                                         const ProductGroup& group) {
    GemvOperands operands;
    if (plan.batch() != 1 || group.targets.empty() || !input.scaled ||
        group.targets.size() > operands.targets.size() || input.input->rank() > mostRank)
        return std::nullopt;
    const DeviceWeights& first = *group.targets[0].weight;
    if (first.rank() > mostRank || first.rowQuads() > mostRowQuads)
        return std::nullopt;
    for (std::size_t i = 0; i < group.targets.size(); ++i) {
        const ProductTarget& target = group.targets[i];
        const DeviceWeights& weight = *target.weight;
        if (weight.kind() != WeightKind::binary || weight.parts().size() != 1 ||
            weight.rank() != first.rank())
            return std::nullopt;
        operands.targets[i] = {weight.parts()[0].weights.address(), weight.extras(),
                               plan.now(group.gated != 0 ? group.gated : target.out),
                               word(weight.rows()), productFlags(target)};
        operands.rows += weight.rows();
        operands.bytes += weight.bytes();
        operands.name += (i == 0 ? "product " : " + ") + std::to_string(weight.rows()) + " x " +
                         std::to_string(weight.cols());
    }
    operands.name += group.gated != 0 ? ", gated" : "";
    operands.sizes = static_cast<std::uint32_t>(first.rowQuads() | first.rank() << 16 |
                                                input.input->rank() << 24);
    return operands;
}

std::uint32_t gemvGroups(const ProductGroup& group, std::int64_t rowsPerGroup) {
    const std::int64_t outputs = group.gated != 0 ? rowsPerGroup / 2 : rowsPerGroup;
    std::int64_t groups = 0;
    for (const ProductTarget& target : group.targets)
        groups += (target.weight->rows() + outputs - 1) / outputs;
    return static_cast<std::uint32_t>(group.gated != 0 ? groups / 2 : groups);
}

void encodeGemv(CommandWriter& writer, const PreparedRows& input, const ProductGroup& group,
                const GemvOperands& operands, const ProductShape& shape) {
    struct Push {
        std::array<GemvTarget, 3> targets;
        Address x, meta, lowRankBs;
        std::uint32_t sizes;
        std::int32_t cols;
    };
    const bool gated = group.gated != 0;
    std::vector<std::uint32_t> constants = shape.constants;
    std::uint32_t& rows = constants[1];
    rows = gated ? std::max(rows, 2U) : rows;
    const std::int64_t rowsPerGroup = std::int64_t{shape.workgroup} / constants[0] * rows;
    constants.insert(constants.begin(), 1);
    constants.push_back(gated ? 1 : 0);
    writer.bind(shape.shader, shape.workgroup, std::move(constants));
    writer.push(Push{operands.targets, input.encoded.address(), input.meta.address(),
                     input.input->lowRankBs(), operands.sizes, word(input.input->cols())});
    writer.dispatch(gemvGroups(group, rowsPerGroup));
    writer.mark(operands.name, operands.bytes);
}

} // namespace bwla::vulkan
