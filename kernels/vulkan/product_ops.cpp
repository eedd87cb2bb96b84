// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/vulkan/gemv_ops.h"

namespace bwla::vulkan {
namespace {

bool readsLevels(const PreparedRows& input, const DeviceWeights& weight) {
    return weight.kind() == WeightKind::binary && input.bits < 16;
}

/// Multiplies all of a group's weights in one dispatch, if one can.
bool encodeTogether(VulkanPlan& plan, CommandWriter& writer, const PreparedRows& input,
                    const ProductGroup& group) {
    const auto operands = gemvOperands(plan, input, group);
    if (!operands || group.targets[0].shape != nullptr)
        return false;
    const ProductCase what{WeightKind::binary, true, true, operands->rows, input.input->cols(), 1};
    Machine& machine = plan.machine();
    const ProductShape standard = productShape(machine.device->capabilities(), what);
    if (!standard.decodeOnly || machine.choice.isDisabled(standard.shader))
        return false;
    encodeGemv(writer, input, group, *operands, machine.choice.choose(what, standard));
    return true;
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
        const ProductGroup alone{{target}, 0};
        encodeGemv(writer, input, alone, gemvOperands(plan, input, alone).value(), *target.shape);
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
        const bool halves = shape.shader.starts_with("matrix_f16") && input.halved;
        std::vector<std::uint32_t> constants = shape.constants;
        constants.insert(constants.begin(), plan.batch() == 1 ? 1 : 0);
        constants.push_back(input.scaled ? 1 : 0);
        constants.push_back(halves ? 1 : target.lastRow ? 1 : 0);
        writer.bind(shape.shader, shape.workgroup, std::move(constants));
        writer.push(Push{part.weights.address(),
                         levels   ? input.encoded.address()
                         : halves ? input.halves()
                                  : plan.now(input.floats()),
                         input.meta.address(), weight.scale(part.firstRow),
                         weight.mean(part.firstRow), weight.signSum(part.firstRow),
                         weight.lowRankA(part.firstRow), weight.lowRankAScale(),
                         input.input->lowRankBs(),
                         plan.now(target.out) + static_cast<Address>(4 * part.firstRow),
                         plan.runAddress(), word(part.rows), word(weight.rowQuads()),
                         word(input.stride() / (levels   ? 16
                                                : halves ? 8
                                                         : 4)),
                         word(weight.rank()), word(input.input->rank()), word(target.outStride),
                         productFlags(target), word(weight.cols())});
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
    if (input.made.get() == &group)
        return;
    writer.barrier();
    for (const ProductTarget& target : group.targets)
        plan.losesFlags(target.out);
    plan.losesFlags(group.gated);
    if (encodeTogether(plan, writer, input, group))
        return;
    for (const ProductTarget& target : group.targets)
        encodeProduct(plan, writer, input, target);
    if (group.gated != 0)
        encodeGate(
            plan, writer,
            {group.targets[0].out, group.targets[1].out, group.gated, group.targets[0].outStride});
}

} // namespace bwla::vulkan
