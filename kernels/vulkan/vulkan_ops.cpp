// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/vulkan/vulkan_ops.h"

#include "kernels/aligned.h"

#include <algorithm>
#include <string>

namespace bwla::vulkan {
namespace {

constexpr std::uint32_t elementGroup = 256;
constexpr std::uint32_t attendGroup = 128;
static_assert(largestHeadDim <= 2 * attendGroup);

std::int32_t word(std::int64_t value) {
    return static_cast<std::int32_t>(value);
}

std::uint32_t groups(std::int64_t count, std::int64_t perGroup) {
    return static_cast<std::uint32_t>((count + perGroup - 1) / perGroup);
}

std::uint32_t single(const VulkanPlan& plan) {
    return plan.batch() == 1 ? 1 : 0;
}

/// Shaders that add up among invocations exist with and without subgroup arithmetic.
std::string teamed(const VulkanPlan& plan, const char* shader) {
    const bool subgroups = plan.machine().device->capabilities().subgroupArithmetic;
    return std::string(shader) + (subgroups ? "_subgroups" : "");
}

std::uint32_t tableKind(WeightKind kind) {
    switch (kind) {
    case WeightKind::f32:
        return 0;
    case WeightKind::f16:
        return 1;
    default:
        return 2;
    }
}

/// One row alone has the device for itself: as many invocations as a workgroup can have.
std::uint32_t prepareGroup(const VulkanPlan& plan, const PreparedRows& target) {
    const Capabilities& capabilities = plan.machine().device->capabilities();
    return target.batch == 1 && capabilities.invocations >= 1024 && target.input->cols() >= 512
               ? 1024
               : 256;
}

/// Columns of a row that prepare keeps in shared memory, in a few sizes only, since each is a
/// pipeline of its own; 0 = too many.
std::int64_t sharedColumns(const VulkanPlan& plan, std::int64_t stride) {
    constexpr std::int64_t forReductions = 8192; // without subgroups 4 bytes an invocation
    const std::int64_t room =
        (plan.machine().device->capabilities().sharedBytes - forReductions) / 8;
    if (stride > room)
        return 0;
    return std::min(roundUp(stride, 1024), room);
}

} // namespace

void encodeEmbed(VulkanPlan& plan, CommandWriter& writer, const DeviceWeights& table, Buffer out) {
    struct Push {
        Address table, scale, tokens, outputs, run;
        std::int32_t firstRow, rows, cols, stride;
    };
    static constexpr std::int64_t elements[] = {4, 8, 16}; // of 16 bytes
    const std::uint32_t kind = tableKind(table.kind());
    writer.barrier();
    writer.bind("embed", elementGroup, {single(plan), kind});
    for (const WeightPart& part : table.parts()) {
        writer.push(Push{part.weights.address(), table.scale(part.firstRow), plan.tokensAddress(),
                         plan.address(out), plan.runAddress(), word(part.firstRow), word(part.rows),
                         word(table.cols()), word(table.rowQuads() * elements[kind])});
        plan.dispatchRows(writer, {groups(table.cols(), elementGroup), 1});
    }
    writer.mark("embed");
}

void encodePrepare(VulkanPlan& plan, CommandWriter& writer, const PreparedRows& target,
                   const PrepareSource& source) {
    struct Push {
        Address x, gain, r1, r2, columnScale, lowRankB, lowRankBs, values, scratch, encoded, meta,
            run;
        std::int32_t cols, modes, factors, rank;
        float epsilon, clipLow, clipHigh;
    };
    enum Flag { norm = 1, columnScale = 2, keepFloats = 4, lastRow = 8 };
    const DeviceInputs& input = *target.input;
    const std::int64_t shared = sharedColumns(plan, target.stride());
    const int flags = (source.gain != 0 ? norm : 0) | (input.columnScale() != 0 ? columnScale : 0) |
                      (target.keepFloats ? keepFloats : 0) | (source.lastRow ? lastRow : 0);
    writer.barrier();
    writer.bind(teamed(plan, "prepare"), prepareGroup(plan, target),
                {single(plan), target.scaled ? 1U : 0U, static_cast<std::uint32_t>(shared)});
    writer.push(Push{source.x, source.gain, input.r1(), input.r2(), input.columnScale(),
                     input.lowRankB(), input.lowRankBs(), target.values.address(),
                     shared > 0 ? 0 : plan.scratchAddress(target.batch * target.stride()),
                     target.bits < 16 ? target.encoded.address() : 0, target.meta.address(),
                     plan.runAddress(), word(input.cols()), target.bits | flags << 8,
                     word(input.factor1() | input.factor2() << 16), word(input.rank()),
                     source.epsilon, input.clipLow(), input.clipHigh()});
    if (source.lastRow)
        writer.dispatch(1);
    else
        plan.dispatchRows(writer, {1, 1});
    writer.mark("prepare " + std::to_string(input.cols()) +
                (input.factor1() > 0 ? " rotated" : ""));
}

void encodeProduct(VulkanPlan& plan, CommandWriter& writer, const PreparedRows& input,
                   const ProductTarget& target) {
    struct Push {
        Address weights, x, meta, scale, mean, signSum, lowRankA, lowRankAScale, outputs, run;
        std::int32_t rows, rowQuads, inputQuads, rank, metaRank, outputStride, flags;
    };
    enum Flag { scale = 1, mean = 2, accumulate = 4 };
    const DeviceWeights& weight = *target.weight;
    const bool levels = weight.kind() == WeightKind::binary && input.bits < 16;
    const int flags = (weight.scale(0) != 0 ? scale : 0) | (weight.mean(0) != 0 ? mean : 0) |
                      (target.accumulate ? accumulate : 0);
    const Capabilities& capabilities = plan.machine().device->capabilities();
    for (const WeightPart& part : weight.parts()) {
        const ProductCase what{weight.kind(), levels,        input.scaled,
                               part.rows,     weight.cols(), target.lastRow ? 1 : plan.batch()};
        const ProductShape shape =
            target.shape != nullptr ? *target.shape : productShape(capabilities, what);
        std::vector<std::uint32_t> constants = shape.constants;
        constants.insert(constants.begin(), single(plan));
        if (!shape.decodeOnly) {
            constants.push_back(input.scaled ? 1 : 0);
            constants.push_back(target.lastRow ? 1 : 0);
        }
        writer.bind(shape.shader, shape.workgroup, std::move(constants));
        writer.push(Push{
            part.weights.address(), levels ? input.encoded.address() : input.values.address(),
            input.meta.address(), weight.scale(part.firstRow), weight.mean(part.firstRow),
            weight.signSum(part.firstRow), weight.lowRankA(part.firstRow), weight.lowRankAScale(),
            target.out + static_cast<Address>(4 * part.firstRow), plan.runAddress(),
            word(part.rows), word(weight.rowQuads()), word(input.stride() / (levels ? 16 : 4)),
            word(weight.rank()), word(input.input->rank()), word(target.outStride), flags});
        if (target.lastRow)
            writer.dispatch(shape.groups);
        else
            plan.dispatchRows(writer, {shape.groups, shape.tokens});
    }
    writer.mark("product " + std::to_string(weight.rows()) + " x " + std::to_string(weight.cols()),
                weight.bytes());
}

void encodeAttend(VulkanPlan& plan, CommandWriter& writer, const AttendBuffers& attend) {
    struct Place {
        Address q, k, v, rotatedQ, rotary, run;
        std::int32_t layer, heads, kvHeads, headDim;
    };
    struct Push {
        Address q, out, run;
        std::int32_t layer, heads, kvHeads;
    };
    const AttendSpec& spec = attend.spec;
    const std::uint32_t wide = plan.machine().cacheType == WeightKind::f32 ? 1 : 0;
    writer.barrier();
    writer.bind("place", elementGroup, {single(plan), wide});
    writer.push(Place{attend.q, attend.k, attend.v, attend.rotatedQ,
                      plan.rotaryAddress(attend.rotary), plan.runAddress(), word(spec.layer),
                      word(spec.heads), word(spec.kvHeads), word(spec.headDim)});
    const std::int64_t pairs = (spec.heads + spec.kvHeads) * spec.headDim / 2;
    plan.dispatchRows(writer, {groups(pairs, elementGroup), 1});
    writer.barrier();
    writer.bind(teamed(plan, "attend"), attendGroup,
                {single(plan), wide, static_cast<std::uint32_t>(spec.headDim)});
    writer.push(Push{attend.rotatedQ, attend.out, plan.runAddress(), word(spec.layer),
                     word(spec.heads), word(spec.kvHeads)});
    plan.dispatchRows(writer, {static_cast<std::uint32_t>(spec.heads), 1});
    writer.mark("attend");
}

void encodeGate(VulkanPlan& plan, CommandWriter& writer, Buffer gate, Buffer up, Buffer out) {
    struct Push {
        Address gate, up, out, run;
        std::int32_t cols;
    };
    writer.barrier();
    writer.bind("gate", elementGroup, {single(plan)});
    writer.push(Push{plan.address(gate), plan.address(up), plan.address(out), plan.runAddress(),
                     word(gate.cols)});
    plan.dispatchRows(writer, {groups(gate.cols, elementGroup), 1});
    writer.mark("gate");
}

} // namespace bwla::vulkan
