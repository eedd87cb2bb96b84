// SPDX-License-Identifier: GPL-3.0-or-later
//
// shaders/steady_product.comp: which products it takes, and how they are spread
// over workgroups.
#include "kernels/aligned.h"
#include "kernels/vulkan/gemv_ops.h"

#include <algorithm>

namespace bwla::vulkan {
namespace {

constexpr std::int64_t mostColumns = 2048; // wider ones have not been measured yet
constexpr std::int64_t wideColumns = 4096;
constexpr std::int64_t wideGroup = 640; // invocations: up to 102 registers each on an H200
constexpr std::int64_t narrowGroup = 256;
constexpr std::int64_t wideAhead = 2;
constexpr std::int64_t assumedUnits = 64; // where nobody says how many workgroups run at once
constexpr int mostSlicesLog = 3;
constexpr std::int64_t turnRows = 2; // shaders/lean_rotation.glsl
constexpr std::int64_t mostFactor = 255;

struct Shape {
    std::int64_t workgroup = 256, rows = 2,
                 ahead = 1; // with the rank all that makes a pipeline
    std::int64_t share = 1, steps = 1;
    int lanesLog = 3, joinersLog = 0, slicesLog = 0;
    std::int64_t leftParts = 1, rightParts = 1, turners = 1;
    std::int64_t groups = 1, firstProjector = 0, firstMultiplier = 0;
};

std::int64_t ceilDiv(std::int64_t a, std::int64_t b) {
    return (a + b - 1) / b;
}

/// The most parts of `whole`, all equal, that `most` allows.
std::int64_t partsOf(std::int64_t whole, std::int64_t most) {
    std::int64_t parts = std::max<std::int64_t>(std::min(whole, most), 1);
    while (whole % parts != 0)
        --parts;
    return parts;
}

bool shapeTurns(const DeviceInputs& input, Shape& shape) {
    const std::int64_t m1 = input.factor1();
    const std::int64_t m2 = input.factor2();
    if (m2 % 4 != 0 || m1 > mostFactor || m2 > mostFactor || m2 / 4 > shape.workgroup ||
        turnRows * m2 > shape.workgroup)
        return false;
    shape.turners = ceilDiv(m1, turnRows);
    shape.leftParts = partsOf(m1, shape.workgroup / (m2 / 4));
    shape.rightParts = partsOf(m2, shape.workgroup / (m2 / 4));
    while (shape.joinersLog < 3 && 2 * turnRows * m2 << shape.joinersLog <= shape.workgroup)
        ++shape.joinersLog;
    return true;
}

/// Lanes a row and steps so that a lane has least to do.
void shapeRows(const Capabilities& capabilities, std::int64_t pieces, std::int64_t outputs,
               std::int64_t each, std::int64_t units, Shape& shape) {
    std::int64_t best = 0;
    for (int log = 3; log <= 5 && 1U << log <= capabilities.subgroupSize; ++log) {
        const std::int64_t rows = (shape.workgroup >> log) * each;
        const std::int64_t steps = ceilDiv(outputs, units * rows);
        const std::int64_t share = std::max(ceilDiv(pieces, std::int64_t{1} << log), shape.ahead);
        const std::int64_t cost = steps * (share + 2);
        if (best != 0 && cost >= best)
            continue;
        best = cost;
        shape.lanesLog = log;
        shape.steps = steps;
        shape.share = share;
        shape.groups = ceilDiv(outputs, rows * steps);
    }
}

bool shapeOf(const Capabilities& capabilities, const DeviceInputs& input, const ProductGroup& group,
             std::int64_t rows, Shape& shape) {
    const bool gated = group.gated != 0;
    const bool wide = input.cols() >= wideColumns;
    const std::int64_t pieces = activationStride(input.cols()) / 128;
    const bool together = capabilities.multiprocessors != 0;
    const std::int64_t units = together ? capabilities.multiprocessors : assumedUnits;
    shape.workgroup =
        std::min<std::int64_t>(wide ? wideGroup : narrowGroup, capabilities.invocations / 32 * 32);
    shape.ahead = wide ? wideAhead : 1;
    if (!shapeTurns(input, shape))
        return false;
    shapeRows(capabilities, pieces, gated ? rows / 2 : rows, gated ? shape.rows / 2 : shape.rows,
              units, shape);
    const std::int64_t rank = std::max<std::int64_t>(input.rank(), 1);
    if (!together) {
        shape.firstProjector = shape.turners;
        shape.firstMultiplier = shape.turners + rank;
        shape.groups += shape.firstMultiplier;
        return true;
    }
    shape.groups = std::max({shape.groups, shape.turners, rank});
    while (input.rank() > 0 && shape.slicesLog < mostSlicesLog &&
           rank << (shape.slicesLog + 1) <= shape.groups)
        ++shape.slicesLog;
    return shape.groups <= units;
}

/// Of shared memory for partial sums and levels, in a few sizes only, since
/// each is a pipeline.
std::int64_t boardQuads(const DeviceInputs& input, const Shape& shape) {
    const std::int64_t levels = 8 * (shape.share << shape.lanesLog | 1);
    const std::int64_t partials =
        std::max(shape.leftParts, shape.rightParts) * turnRows * input.factor2() / 4;
    return std::max<std::int64_t>(roundUp(std::max(levels, partials), 1024),
                                  input.cols() >= wideColumns ? 2048 : 1024);
}

/// shaders/steady_product.comp, Job
struct Job {
    struct Rest {
        Address extras, outputs;
        std::int32_t flags, unused;
    };
    std::array<Rest, 3> targets;
    Address columnScale, lowRankB, encoded, meta, lowRankBs;
    CommandWriter::Finish before;
};

/// shaders/steady_product.comp, Push
struct Push {
    Address x, gain, r1, r2, values, progress, job;
    std::array<Address, 3> weights;
    std::array<std::int32_t, 3> rows;
    std::uint32_t factors, modes, pieces, spread, groups;
    float epsilon, clipLow, clipHigh;
};

std::uint32_t small(std::int64_t value) {
    return static_cast<std::uint32_t>(value);
}

bool evenRows(const ProductGroup& group, std::int64_t rows) {
    return std::ranges::all_of(group.targets, [&](const ProductTarget& target) {
        return target.weight->rows() % rows == 0;
    });
}

bool canStay(const Capabilities& capabilities, const PreparedRows& target,
             const PrepareSource& source, const ProductGroup& group) {
    const DeviceInputs& input = *target.input;
    return input.cols() <= mostColumns && capabilities.waitingGroups &&
           capabilities.subgroupArithmetic && capabilities.subgroupShuffle &&
           capabilities.subgroupSize >= 8 && capabilities.integerDot && input.factor1() != 0 &&
           !target.keepFloats && !source.lastRow &&
           input.rank() == group.targets[0].weight->rank() &&
           (group.gated != 0 || evenRows(group, Shape{}.rows));
}

bool fits(const Capabilities& capabilities, const DeviceInputs& input, const Shape& shape,
          std::int64_t board) {
    constexpr std::int64_t otherShared = 12288;
    return shape.steps < 256 && 3 * input.rank() <= shape.workgroup &&
           16 * board + otherShared <= capabilities.sharedBytes;
}

Job jobOf(const PreparedRows& target, const GemvOperands& operands,
          const CommandWriter::Finish& before) {
    const DeviceInputs& input = *target.input;
    Job job{{},
            input.columnScale(),
            input.lowRankB(),
            target.encoded.address(),
            target.meta.address(),
            input.lowRankBs(),
            before};
    for (std::size_t i = 0; i < job.targets.size(); ++i)
        job.targets[i] = {operands.targets[i].extras, operands.targets[i].outputs,
                          operands.targets[i].flags, 0};
    return job;
}

Push pushOf(const PreparedRows& target, const PrepareSource& source, const ProductGroup& group,
            const GemvOperands& operands, const Shape& shape) {
    const DeviceInputs& input = *target.input;
    Push push{};
    push.x = source.x;
    push.gain = source.gain;
    push.r1 = input.r1();
    push.r2 = input.r2();
    push.values = target.values.address();
    for (std::size_t i = 0; i < push.weights.size(); ++i) {
        push.weights[i] = operands.targets[i].weights;
        push.rows[i] = operands.targets[i].rows;
    }
    const std::int64_t quads = input.factor2() / 4;
    push.factors = small(input.factor1() | input.factor2() << 8 | shape.leftParts << 16 |
                         shape.rightParts << 24);
    push.modes = small(ceilDiv(65536, quads)) | small(shape.joinersLog) << 20 |
                 small(target.bits) << 24 | (source.gain != 0 ? 1U : 0U) << 28 |
                 (input.columnScale() != 0 ? 1U : 0U) << 29 | (group.gated != 0 ? 1U : 0U) << 30;
    push.pieces = small(activationStride(input.cols()) / 128 | shape.share << 16);
    push.spread = small(shape.steps) | small(shape.slicesLog) << 8 | small(shape.lanesLog) << 16 |
                  static_cast<std::uint32_t>(group.targets.size()) << 24;
    push.groups = small(shape.firstProjector | shape.firstMultiplier << 16);
    push.epsilon = source.epsilon;
    push.clipLow = input.clipLow();
    push.clipHigh = input.clipHigh();
    return push;
}

void note(VulkanPlan& plan, const DeviceInputs& input, const GemvOperands& operands,
          const Shape& shape) {
    ProductShape noted;
    noted.shader = "steady_product";
    noted.workgroup = small(shape.workgroup);
    noted.constants = {1U << shape.lanesLog, small(shape.rows), small(shape.ahead)};
    noted.groups = small(shape.groups);
    plan.machine().choice.note({WeightKind::binary, true, true, operands.rows, input.cols(), 1},
                               noted);
}

} // namespace

bool encodeSteadyProducts(VulkanPlan& plan, CommandWriter& writer, const PreparedRows& target,
                          const PrepareSource& source, const ProductGroup& group) {
    const DeviceInputs& input = *target.input;
    const auto operands = gemvOperands(plan, target, group);
    const Capabilities& capabilities = plan.machine().device->capabilities();
    Shape shape;
    if (!operands || !canStay(capabilities, target, source, group) ||
        !shapeOf(capabilities, input, group, operands->rows, shape))
        return false;
    const std::int64_t board = boardQuads(input, shape);
    if (!fits(capabilities, input, shape, board))
        return false;
    note(plan, input, *operands, shape);
    const Job job = jobOf(target, *operands, writer.awaited());
    Push push = pushOf(target, source, group, *operands, shape);
    push.job = plan.addConstants(std::as_bytes(std::span(&job, 1)));
    push.progress = plan.nextProgress();
    writer.bind("steady_product", small(shape.workgroup),
                {1, small(shape.rows), small(shape.ahead), small(input.rank()), small(board)});
    writer.push(push);
    writer.dispatch(small(shape.groups));
    writer.finishes({push.progress, small(shape.groups - shape.firstMultiplier)});
    writer.mark("steady " + operands->name, operands->bytes);
    return true;
}

} // namespace bwla::vulkan
