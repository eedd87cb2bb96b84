// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/vulkan/rotation_ops.h"

#include "kernels/aligned.h"

#include <algorithm>
#include <optional>

namespace bwla::vulkan {
namespace {

/// PARTS of shaders/rotation.glsl. Those of a single row divide both factors where that does not
/// halve them; a batch wants every invocation busy.
std::int64_t turnParts(const DeviceInputs& input, std::int64_t workgroup, bool single) {
    const std::int64_t m1 = input.factor1();
    const std::int64_t m2 = input.factor2();
    const std::int64_t most = std::max<std::int64_t>(std::min({workgroup / m2, m1, m2}), 1);
    for (std::int64_t parts = most; single && 2 * parts > most; --parts)
        if (m1 % parts == 0 && m2 % parts == 0)
            return parts;
    return most;
}

/// rotate.comp
struct RotationShape {
    std::uint32_t workgroup, rows, parts, groups;
};

/// Whether quantized rows are prepared by rotate.comp and quantize.comp.
std::optional<RotationShape> rotationShape(const VulkanPlan& plan, const PreparedRows& target,
                                           const PrepareSource& source) {
    const Capabilities& capabilities = plan.machine().device->capabilities();
    const DeviceInputs& input = *target.input;
    if (target.bits >= 16 || input.factor1() == 0 || source.lastRow)
        return std::nullopt;
    const std::int64_t m1 = input.factor1();
    const std::int64_t m2 = input.factor2();
    const bool one = plan.batch() == 1;
    const bool wide = one && capabilities.invocations >= 1024 && input.cols() >= 2048;
    const std::int64_t workgroup = wide ? 1024 : elementGroup;
    // Every workgroup reads all of X and R2: past the number of multiprocessors, two rows each.
    const std::int64_t rows = one ? (m1 > 128 ? 2 : 1) : std::min<std::int64_t>(m1, 8);
    const std::int64_t parts = turnParts(input, workgroup, one);
    constexpr std::int64_t forReductions = 8192;
    const std::int64_t shared = 4 * rows * (m1 + m2 + parts * m2) + forReductions;
    if (shared > capabilities.sharedBytes)
        return std::nullopt;
    return RotationShape{static_cast<std::uint32_t>(workgroup), static_cast<std::uint32_t>(rows),
                         static_cast<std::uint32_t>(parts), groups(m1, rows)};
}

void encodeQuantize(VulkanPlan& plan, CommandWriter& writer, const PreparedRows& target,
                    Address extremes, std::uint32_t extremeCount) {
    struct Push {
        Address values, extremes, lowRankB, encoded, meta, run;
        std::int32_t cols, stride, rank, extremeCount, bits, keepFloats;
        float clipLow, clipHigh;
    };
    const DeviceInputs& input = *target.input;
    writer.barrier();
    writer.bind(teamed(plan, "quantize"), elementGroup, {single(plan), target.scaled ? 1U : 0U});
    writer.push(Push{target.values.address(), extremes, input.lowRankB(), target.encoded.address(),
                     target.meta.address(), plan.runAddress(), word(input.cols()),
                     word(target.stride()), word(input.rank()), word(extremeCount), target.bits,
                     target.keepFloats ? 1 : 0, input.clipLow(), input.clipHigh()});
    plan.dispatchRows(writer, {groups(target.stride() / 4, elementGroup), 1});
    writer.mark("quantize " + std::to_string(input.cols()));
}

void encodeRotated(VulkanPlan& plan, CommandWriter& writer, const PreparedRows& target,
                   const PrepareSource& source, const RotationShape& shape) {
    struct Push {
        Address x, gain, r1, r2, columnScale, values, extremes, meta, run;
        std::int32_t stride, rank, scaled;
        float epsilon;
    };
    const DeviceInputs& input = *target.input;
    const auto m1 = static_cast<std::uint32_t>(input.factor1());
    const auto m2 = static_cast<std::uint32_t>(input.factor2());
    const Address extremes = plan.scratchAddress(std::int64_t{2} * target.batch * shape.groups);
    writer.barrier();
    writer.bind(teamed(plan, "rotate"), shape.workgroup,
                {single(plan), m1, m2, shape.rows, shape.parts, source.gain != 0 ? 1U : 0U});
    writer.push(Push{plan.now(source.x), source.gain, input.r1(), input.r2(), input.columnScale(),
                     target.values.address(), extremes, target.meta.address(), plan.runAddress(),
                     word(target.stride()), word(input.rank()), input.columnScale() != 0 ? 1 : 0,
                     source.epsilon});
    plan.dispatchRows(writer, {shape.groups, 1});
    writer.mark("rotate " + std::to_string(m1) + " x " + std::to_string(m2));
    encodeQuantize(plan, writer, target, extremes, shape.groups);
}

/// Rows of the rotation that a workgroup of rotate_matrix.comp makes.
constexpr std::int64_t matrixBand = 32;
// What is gained by matrix units must be worth a dispatch more.
constexpr int leastMatrixRows = 16;

bool turnsByMatrices(const VulkanPlan& plan, const PreparedRows& target) {
    const Capabilities& capabilities = plan.machine().device->capabilities();
    const DeviceInputs& input = *target.input;
    const std::int64_t shared = 4 * (matrixBand * (input.factor2() + 8) + 16 * input.factor2()) +
                                2 * input.factor2(); // team.glsl, groupWords
    return input.r1Halves() != 0 && target.batch >= leastMatrixRows &&
           2 * input.factor2() <= capabilities.invocations && shared <= capabilities.sharedBytes;
}

void encodeSplit(VulkanPlan& plan, CommandWriter& writer, const PreparedRows& target,
                 const PrepareSource& source, Address high, Address low, Address factors) {
    struct Push {
        Address x, gain, high, low, factors, meta, run;
        std::int32_t cols, rank;
        float epsilon;
    };
    const DeviceInputs& input = *target.input;
    writer.barrier();
    writer.bind(teamed(plan, "split"), input.cols() >= 8192 ? 1024 : elementGroup,
                {0, source.gain != 0 ? 1U : 0U});
    writer.push(Push{source.x, source.gain, high, low, factors, target.meta.address(),
                     plan.runAddress(), word(input.cols()), word(input.rank()), source.epsilon});
    plan.dispatchRows(writer, {1, 1});
    writer.mark("split " + std::to_string(input.cols()));
}

/// A batch on matrix units.
void encodeTurnedByMatrices(VulkanPlan& plan, CommandWriter& writer, const PreparedRows& target,
                            const PrepareSource& source) {
    struct Push {
        Address high, low, r1, r2, columnScale, values, extremes, factors, run;
        std::int32_t stride, scaled;
    };
    const DeviceInputs& input = *target.input;
    const std::uint32_t bands = groups(input.factor1(), matrixBand);
    const std::int64_t words = target.batch * input.cols() / 2; // of the halves
    const Address high =
        plan.scratchAddress(2 * words + std::int64_t{target.batch} * (2 * bands + 1));
    const Address low = high + static_cast<Address>(4 * words);
    const Address extremes = low + static_cast<Address>(4 * words);
    const Address factors = extremes + static_cast<Address>(8 * target.batch * std::int64_t{bands});
    encodeSplit(plan, writer, target, source, high, low, factors);
    const auto m1 = static_cast<std::uint32_t>(input.factor1());
    const auto m2 = static_cast<std::uint32_t>(input.factor2());
    writer.barrier();
    writer.bind("rotate_matrix", 2 * m2, {0, m1, m2});
    writer.push(Push{high, low, input.r1Halves(), input.r2Halves(), input.columnScale(),
                     target.values.address(), extremes, factors, plan.runAddress(),
                     word(target.stride()), input.columnScale() != 0 ? 1 : 0});
    plan.dispatchRows(writer, {bands, 1});
    writer.mark("turn " + std::to_string(m1) + " x " + std::to_string(m2));
    encodeQuantize(plan, writer, target, extremes, bands);
}

} // namespace

bool encodeRotation(VulkanPlan& plan, CommandWriter& writer, const PreparedRows& target,
                    const PrepareSource& source) {
    if (const auto shape = rotationShape(plan, target, source)) {
        if (turnsByMatrices(plan, target))
            encodeTurnedByMatrices(plan, writer, target, source);
        else
            encodeRotated(plan, writer, target, source, *shape);
        return true;
    }
    return false;
}

} // namespace bwla::vulkan
