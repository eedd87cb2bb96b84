// SPDX-License-Identifier: GPL-3.0-or-later
//
// shaders/rotated_product.comp: which products it takes, and how they are spread over workgroups.
#include "kernels/aligned.h"
#include "kernels/vulkan/gemv_ops.h"

#include <algorithm>

namespace bwla::vulkan {
namespace {

// On an H200 one dispatch is a fifth faster for 576 and 1536 columns, and a half slower for 5120
// and more (docs/performance.md, version 4).
constexpr std::int64_t mostColumns = 2048;
constexpr std::int64_t manyRows = 8192;
constexpr std::int64_t teamBytes = 8192; // of shared memory, for sums of a workgroup's teams
constexpr std::int64_t projectionBytes = 2 * 64 * 4;
constexpr std::int64_t mostGroups = 65535;

struct Shape {
    std::uint32_t workgroup = 256, lanes = 8, rows = 1, ahead = 1, pitch = 1; // gemv.glsl
    std::uint32_t turnRows = 1, parts = 1;                                    // rotation.glsl
    std::uint32_t turners = 1, levelers = 1;                                  // workgroups
};

Shape shapeOf(const Capabilities& capabilities, const DeviceInputs& input, std::int64_t rows,
              bool gated) {
    const std::int64_t cols = input.cols();
    const std::int64_t pieces = activationStride(cols) / 128;
    Shape shape;
    shape.rows = gated || rows >= manyRows ? 2 : 1;
    shape.lanes = std::min(shape.lanes, capabilities.subgroupSize);
    shape.pitch = static_cast<std::uint32_t>(pieces | 1);
    const std::int64_t m1 = input.factor1();
    // Every workgroup reads all of X and R2: past the number of multiprocessors, two rows each.
    shape.turnRows = m1 > 128 ? 2 : 1;
    shape.parts = turnParts(input, shape.workgroup, true);
    shape.turners = static_cast<std::uint32_t>((m1 + shape.turnRows - 1) / shape.turnRows);
    shape.levelers = static_cast<std::uint32_t>((activationStride(cols) / 4 + shape.workgroup - 1) /
                                                shape.workgroup);
    return shape;
}

bool fits(const Capabilities& capabilities, const DeviceInputs& input, const Shape& shape,
          std::int64_t groups) {
    const std::int64_t m1 = input.factor1();
    const std::int64_t m2 = input.factor2();
    const std::int64_t shared = std::int64_t{128} * shape.pitch + projectionBytes + teamBytes +
                                4 * shape.turnRows * (m1 + m2 + shape.parts * m2);
    return input.cols() <= mostColumns && capabilities.waitingGroups &&
           capabilities.subgroupArithmetic && capabilities.subgroupShuffle &&
           capabilities.integerDot && shape.rows <= shape.lanes &&
           shared <= capabilities.sharedBytes && groups <= mostGroups;
}

} // namespace

bool encodeRotatedProducts(VulkanPlan& plan, CommandWriter& writer, const PreparedRows& target,
                           const PrepareSource& source, const ProductGroup& group) {
    const DeviceInputs& input = *target.input;
    const auto operands = gemvOperands(plan, target, group);
    if (!operands || input.factor1() == 0 || target.keepFloats || source.lastRow)
        return false;
    const Capabilities& capabilities = plan.machine().device->capabilities();
    const bool gated = group.gated != 0;
    const Shape shape = shapeOf(capabilities, input, operands->rows, gated);
    const std::int64_t rowsPerGroup = std::int64_t{shape.workgroup} / shape.lanes * shape.rows;
    const std::uint32_t multipliers = gemvGroups(group, rowsPerGroup);
    const std::int64_t groups = std::int64_t{shape.turners} + shape.levelers + multipliers;
    if (!fits(capabilities, input, shape, groups))
        return false;
    struct Push {
        Address x, gain, r1, r2, columnScale, values, lowRankB, encoded, meta, lowRankBs, progress,
            job;
        std::int32_t cols, stride, rank;
        std::uint32_t sizes;
        float epsilon, clipLow, clipHigh;
        std::int32_t modes;
    };
    struct Job {
        std::array<GemvTarget, 3> targets;
        CommandWriter::Finish before;
    };
    constexpr std::uint32_t early = 1;
    const Address progress = plan.nextProgress();
    const Job job{operands->targets, writer.awaited()};
    ProductShape noted;
    noted.shader = "rotated_product";
    noted.workgroup = shape.workgroup;
    noted.constants = {shape.lanes, shape.rows, shape.ahead};
    noted.groups = static_cast<std::uint32_t>(groups);
    plan.machine().choice.note({WeightKind::binary, true, true, operands->rows, input.cols(), 1},
                               noted);
    writer.bind("rotated_product", shape.workgroup,
                {1, shape.lanes, shape.rows, shape.ahead, shape.pitch, early, gated ? 1U : 0U,
                 static_cast<std::uint32_t>(input.factor1()),
                 static_cast<std::uint32_t>(input.factor2()), shape.turnRows, shape.parts,
                 source.gain != 0 ? 1U : 0U});
    writer.push(Push{source.x,
                     source.gain,
                     input.r1(),
                     input.r2(),
                     input.columnScale(),
                     target.values.address(),
                     input.lowRankB(),
                     target.encoded.address(),
                     target.meta.address(),
                     input.lowRankBs(),
                     progress,
                     plan.addConstants(std::as_bytes(std::span(&job, 1))),
                     word(input.cols()),
                     word(target.stride()),
                     word(input.rank()),
                     operands->sizes,
                     source.epsilon,
                     input.clipLow(),
                     input.clipHigh(),
                     target.bits | (input.columnScale() != 0 ? 256 : 0)});
    writer.dispatch(static_cast<std::uint32_t>(groups));
    writer.finishes({progress, multipliers});
    writer.mark("rotated " + operands->name, operands->bytes);
    return true;
}

} // namespace bwla::vulkan
