// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/vulkan/vulkan_ops.h"

#include <algorithm>
#include <array>
#include <optional>

namespace bwla::vulkan {
namespace {

constexpr std::size_t mostTargets = 3; // of a gemv_levels dispatch
constexpr std::int64_t mostRank = 64;
constexpr std::int64_t mostRowQuads = 65535;

bool readsLevels(const PreparedRows& input, const DeviceWeights& weight) {
    return weight.kind() == WeightKind::binary && input.bits < 16;
}

int flagsOf(const ProductTarget& target) {
    enum Flag { scale = 1, mean = 2, accumulate = 4 };
    return (target.weight->scale(0) != 0 ? scale : 0) | (target.weight->mean(0) != 0 ? mean : 0) |
           (target.accumulate ? accumulate : 0);
}

std::string shapeName(const DeviceWeights& weight) {
    return std::to_string(weight.rows()) + " x " + std::to_string(weight.cols());
}

/// gemv_levels.comp for a group that fits it.
void encodeGemv(CommandWriter& writer, const PreparedRows& input, const ProductGroup& group,
                const ProductShape& shape) {
    struct Target {
        Address weights, extras, outputs;
        std::int32_t rows, flags;
    };
    struct Push {
        std::array<Target, mostTargets> targets;
        Address x, meta, lowRankBs;
        std::uint32_t sizes;
        std::int32_t cols;
    };
    const bool gated = group.gated != 0;
    const DeviceWeights& first = *group.targets[0].weight;
    std::vector<std::uint32_t> constants = shape.constants;
    std::uint32_t& rows = constants[1];
    rows = gated ? std::max(rows, 2U) : rows;
    const std::int64_t rowsPerGroup = shape.workgroup / constants[0] * rows / (gated ? 2 : 1);
    Push push{};
    std::int64_t groups = 0;
    std::int64_t bytes = 0;
    std::string name;
    for (std::size_t i = 0; i < group.targets.size(); ++i) {
        const ProductTarget& target = group.targets[i];
        const DeviceWeights& weight = *target.weight;
        push.targets[i] = {weight.parts()[0].weights.address(), weight.extras(),
                           gated ? group.gated : target.out, word(weight.rows()), flagsOf(target)};
        groups += (weight.rows() + rowsPerGroup - 1) / rowsPerGroup;
        bytes += weight.bytes();
        name += (i == 0 ? "product " : " + ") + shapeName(weight);
    }
    push.x = input.encoded.address();
    push.meta = input.meta.address();
    push.lowRankBs = input.input->lowRankBs();
    push.sizes = static_cast<std::uint32_t>(first.rowQuads() | first.rank() << 16 |
                                            input.input->rank() << 24);
    push.cols = word(first.cols());
    constants.insert(constants.begin(), 1);
    constants.push_back(gated ? 1 : 0);
    writer.bind(shape.shader, shape.workgroup, std::move(constants));
    writer.push(push);
    writer.dispatch(static_cast<std::uint32_t>(gated ? groups / 2 : groups));
    writer.mark(name + (gated ? ", gated" : ""), bytes);
}

/// The shape that multiplies all of a group's weights in one dispatch, if there is one.
std::optional<ProductShape> gemvTogether(const VulkanPlan& plan, const PreparedRows& input,
                                         const ProductGroup& group) {
    const DeviceWeights& first = *group.targets[0].weight;
    std::int64_t rows = 0;
    bool fits = plan.batch() == 1 && group.targets.size() <= mostTargets &&
                first.rank() <= mostRank && input.input->rank() <= mostRank &&
                first.rowQuads() <= mostRowQuads;
    for (const ProductTarget& target : group.targets) {
        const DeviceWeights& weight = *target.weight;
        fits = fits && readsLevels(input, weight) && target.shape == nullptr &&
               weight.parts().size() == 1 && weight.rank() == first.rank();
        rows += weight.rows();
    }
    if (!fits)
        return std::nullopt;
    const ProductCase what{first.kind(), true, input.scaled, rows, first.cols(), 1};
    const ProductShape standard = productShape(plan.machine().device->capabilities(), what);
    if (!standard.decodeOnly || plan.machine().choice.isDisabled(standard.shader))
        return std::nullopt;
    return plan.machine().choice.choose(what, standard);
}

} // namespace

void encodeProduct(VulkanPlan& plan, CommandWriter& writer, const PreparedRows& input,
                   const ProductTarget& target) {
    struct Push {
        Address weights, x, meta, scale, mean, signSum, lowRankA, lowRankAScale, lowRankBs, outputs,
            run;
        std::int32_t rows, rowQuads, inputQuads, rank, metaRank, outputStride, flags, cols;
    };
    const DeviceWeights& weight = *target.weight;
    const bool levels = readsLevels(input, weight);
    if (target.shape != nullptr && target.shape->decodeOnly) {
        encodeGemv(writer, input, {{target}, 0}, *target.shape);
        return;
    }
    const Capabilities& capabilities = plan.machine().device->capabilities();
    for (const WeightPart& part : weight.parts()) {
        const ProductCase what{weight.kind(), levels,        input.scaled,
                               part.rows,     weight.cols(), target.lastRow ? 1 : plan.batch()};
        const ProductShape shape =
            target.shape != nullptr
                ? *target.shape
                : plan.machine().choice.choose(what, plainShape(capabilities, what));
        std::vector<std::uint32_t> constants = shape.constants;
        constants.insert(constants.begin(), plan.batch() == 1 ? 1 : 0);
        constants.push_back(input.scaled ? 1 : 0);
        constants.push_back(target.lastRow ? 1 : 0);
        writer.bind(shape.shader, shape.workgroup, std::move(constants));
        writer.push(
            Push{part.weights.address(), levels ? input.encoded.address() : input.floats(),
                 input.meta.address(), weight.scale(part.firstRow), weight.mean(part.firstRow),
                 weight.signSum(part.firstRow), weight.lowRankA(part.firstRow),
                 weight.lowRankAScale(), input.input->lowRankBs(),
                 target.out + static_cast<Address>(4 * part.firstRow), plan.runAddress(),
                 word(part.rows), word(weight.rowQuads()), word(input.stride() / (levels ? 16 : 4)),
                 word(weight.rank()), word(input.input->rank()), word(target.outStride),
                 flagsOf(target), word(weight.cols())});
        if (target.lastRow)
            writer.dispatch(shape.groups);
        else
            plan.dispatchRows(writer, {shape.groups, shape.tokens});
    }
    writer.mark("product " + std::to_string(weight.rows()) + " x " + std::to_string(weight.cols()),
                weight.bytes());
}

void encodeProducts(VulkanPlan& plan, CommandWriter& writer, const PreparedRows& input,
                    const ProductGroup& group) {
    writer.barrier();
    if (const auto shape = gemvTogether(plan, input, group)) {
        encodeGemv(writer, input, group, *shape);
        return;
    }
    for (const ProductTarget& target : group.targets)
        encodeProduct(plan, writer, input, target);
    if (group.gated != 0)
        encodeGate(
            plan, writer,
            {group.targets[0].out, group.targets[1].out, group.gated, group.targets[0].outStride});
}

} // namespace bwla::vulkan
