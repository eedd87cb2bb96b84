// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/vulkan/vulkan_ops.h"

#include "kernels/aligned.h"
#include "kernels/vulkan/gemv_ops.h"
#include "kernels/vulkan/rotation_ops.h"

#include <algorithm>
#include <optional>
#include <string>

namespace bwla::vulkan {
namespace {

constexpr std::uint32_t attendGroup = 128;
static_assert(largestHeadDim <= 2 * attendGroup);

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

void encodeHalves(VulkanPlan& plan, CommandWriter& writer, const PreparedRows& target) {
    struct Push {
        Address floats, halves, run;
        std::int32_t quads;
    };
    const std::int64_t quads = target.stride() / 8;
    writer.barrier();
    writer.bind("halves", elementGroup, {single(plan)});
    writer.push(Push{target.floats(), target.halves(), plan.runAddress(), word(quads)});
    plan.dispatchRows(writer, {groups(quads, elementGroup), 1});
    writer.mark("halves " + std::to_string(target.input->cols()));
}

/// norm, rotation and levels as one dispatch of a workgroup a row, or two of many.
void encodeRows(VulkanPlan& plan, CommandWriter& writer, const PreparedRows& target,
                const PrepareSource& source);

} // namespace

std::uint32_t single(const VulkanPlan& plan) {
    return plan.batch() == 1 ? 1 : 0;
}

std::string teamed(const VulkanPlan& plan, const char* shader) {
    const bool subgroups = plan.machine().device->capabilities().subgroupArithmetic;
    return std::string(shader) + (subgroups ? "_subgroups" : "");
}

bool readsHalves(const Capabilities& capabilities, const DeviceWeights& weight, int batch) {
    return weight.kind() == WeightKind::f16 && batch > 1 &&
           plainShape(capabilities,
                      {weight.kind(), false, false, weight.rows(), weight.cols(), batch})
               .shader.starts_with("matrix_f16");
}

void encodeEmbed(VulkanPlan& plan, CommandWriter& writer, const DeviceWeights& table, Buffer out) {
    struct Push {
        Address table, scale, tokens, outputs, run;
        std::int32_t firstRow, rows, cols, stride;
    };
    static constexpr std::int64_t elements[] = {4, 8, 16}; // of 16 bytes
    const std::uint32_t kind = tableKind(table.kind());
    writer.barrier();
    writer.bind("embed", elementGroup, {single(plan), kind});
    const Address outputs = plan.now(plan.address(out));
    plan.losesFlags(plan.address(out));
    for (const WeightPart& part : table.parts()) {
        writer.push(Push{part.weights.address(), table.scale(part.firstRow), plan.tokensAddress(),
                         outputs, plan.runAddress(), word(part.firstRow), word(part.rows),
                         word(table.cols()), word(table.rowQuads() * elements[kind])});
        plan.dispatchRows(writer, {groups(table.cols(), elementGroup), 1});
    }
    writer.mark("embed");
}

void encodePrepare(VulkanPlan& plan, CommandWriter& writer, PreparedRows& target,
                   const PrepareSource& source) {
    target.made = nullptr;
    if (target.next && encodeSteadyProducts(plan, writer, target, source, *target.next)) {
        target.made = target.next;
        return;
    }
    if (target.borrowed == 0)
        encodeRows(plan, writer, target, source);
    if (target.halved)
        encodeHalves(plan, writer, target);
}

namespace {

void encodeRows(VulkanPlan& plan, CommandWriter& writer, const PreparedRows& target,
                const PrepareSource& source) {
    if (encodeRotation(plan, writer, target, source))
        return;
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
    writer.push(Push{plan.now(source.x), source.gain, input.r1(), input.r2(), input.columnScale(),
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

/// Some tokens of a prompt a workgroup; what `place` made is there.
void encodeAttendRows(VulkanPlan& plan, CommandWriter& writer, const AttendBuffers& attend) {
    struct Push {
        Address q, out, run;
        std::int32_t layer, heads, kvHeads;
    };
    constexpr std::uint32_t rows = 8; // shaders/attend_rows.comp, ROWS
    const AttendSpec& spec = attend.spec;
    writer.bind(teamed(plan, "attend_rows"), attendGroup,
                {0, static_cast<std::uint32_t>(spec.headDim)});
    writer.push(Push{attend.rotatedQ, attend.out, plan.runAddress(), word(spec.layer),
                     word(spec.heads), word(spec.kvHeads)});
    plan.dispatchRows(writer, {static_cast<std::uint32_t>(spec.heads), rows});
    writer.mark("attend");
}

} // namespace

void encodeAttend(VulkanPlan& plan, CommandWriter& writer, const AttendBuffers& attend) {
    struct Place {
        Address q, k, v, rotatedQ, rotary, run;
        std::int32_t layer, heads, kvHeads, headDim;
    };
    struct Push {
        Address q, k, v, rotary, out, run;
        std::int32_t layer, heads, kvHeads;
    };
    const AttendSpec& spec = attend.spec;
    const std::uint32_t cache = tableKind(plan.machine().cacheType);
    const bool one = plan.batch() == 1; // attend places a single row itself
    const Capabilities& capabilities = plan.machine().device->capabilities();
    const bool waits = one && capabilities.waitingGroups && capabilities.subgroupArithmetic &&
                       capabilities.subgroupShuffle;
    const Address rotary = plan.rotaryAddress(attend.rotary);
    const bool flagged =
        waits && plan.flagged(attend.q) && plan.flagged(attend.k) && plan.flagged(attend.v);
    writer.follow(flagged);
    const auto heads = static_cast<std::uint32_t>(spec.heads);
    if (!one) {
        writer.bind("place", elementGroup, {0, cache});
        writer.push(Place{attend.q, attend.k, attend.v, attend.rotatedQ, rotary, plan.runAddress(),
                          word(spec.layer), word(spec.heads), word(spec.kvHeads),
                          word(spec.headDim)});
        const std::int64_t pairs = (spec.heads + spec.kvHeads) * spec.headDim / 2;
        plan.dispatchRows(writer, {groups(pairs, elementGroup), 1}); // quads of keys are fewer
        writer.mark("place");
        writer.barrier();
        if (plan.machine().cacheType == WeightKind::f16 && spec.headDim % 8 == 0) {
            encodeAttendRows(plan, writer, attend);
            return;
        }
    }
    const bool wideGroup = one && capabilities.invocations >= 512;
    std::vector<std::uint32_t> constants{single(plan), cache,
                                         static_cast<std::uint32_t>(spec.headDim)};
    if (waits)
        constants.push_back(flagged ? 1 : 0);
    const Address out = waits ? plan.takePlace(spec.heads * spec.headDim) : plan.now(attend.out);
    writer.bind(waits ? "attend_waiting" : teamed(plan, "attend"),
                wideGroup ? 4 * attendGroup : attendGroup, std::move(constants));
    writer.push(Push{one ? plan.now(attend.q) : attend.rotatedQ, plan.now(attend.k),
                     plan.now(attend.v), rotary, out, plan.runAddress(), word(spec.layer),
                     word(spec.heads), word(spec.kvHeads)});
    if (waits) {
        plan.moves(attend.out, out);
        writer.dispatchFlagged(heads);
    } else {
        plan.losesFlags(attend.out);
        plan.dispatchRows(writer, {heads, 1});
    }
    writer.mark("attend");
}

void encodeTop(VulkanPlan& plan, CommandWriter& writer, const TopBuffers& buffers) {
    struct Push {
        Address logits, greatest, found, run;
        std::int32_t count;
    };
    constexpr std::uint32_t slices = 256;
    for (const std::uint32_t collect : {0U, 1U}) {
        writer.barrier();
        writer.bind(teamed(plan, "top"), elementGroup, {single(plan), collect});
        writer.push(Push{buffers.logits, buffers.greatest, buffers.found, plan.runAddress(),
                         word(buffers.count)});
        writer.dispatch(collect != 0 ? 1 : slices);
    }
}

void encodeGate(VulkanPlan& plan, CommandWriter& writer, const GateBuffers& buffers) {
    struct Push {
        Address gate, up, out, run;
        std::int32_t cols;
    };
    writer.barrier();
    writer.bind("gate", elementGroup, {single(plan)});
    writer.push(Push{plan.now(buffers.gate), plan.now(buffers.up), plan.now(buffers.out),
                     plan.runAddress(), word(buffers.cols)});
    plan.losesFlags(buffers.out);
    plan.dispatchRows(writer, {groups(buffers.cols, elementGroup), 1});
    writer.mark("gate");
}

} // namespace bwla::vulkan
