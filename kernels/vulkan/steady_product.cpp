// SPDX-License-Identifier: GPL-3.0-or-later
//
// shaders/steady_product.comp: which products it takes, and how they are spread over workgroups.
#include "kernels/aligned.h"
#include "kernels/vulkan/gemv_ops.h"

#include <algorithm>

namespace bwla::vulkan {
namespace {

constexpr std::int64_t team = 32;          // a workgroup is a multiple of it
constexpr std::int64_t leastGroup = 256;   // every workgroup makes all levels
constexpr std::int64_t mostGroup = 800;    // leaves 80 registers an invocation on an H200
constexpr std::int64_t assumedGroups = 64; // where nobody says how many run at once
constexpr std::int64_t mostSlices = 8;
constexpr std::int64_t mostJoiners = 8;
constexpr std::int64_t mostNotes = 1024; // words: a turner leaves two, a projector one

struct Shape {
    std::int64_t workgroup = 256, lanes = 8, rows = 1, ahead = 1, share = 1, steps = 1;
    std::int64_t turnRows = 1, leftParts = 1, rightParts = 1, joiners = 1;
    std::int64_t turners = 1, slices = 1, projectors = 1, groups = 1;
    std::int64_t firstProjector = 0, firstMultiplier = 0;
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

void shapeTurns(const DeviceInputs& input, std::int64_t workgroup, std::int64_t most,
                Shape& shape) {
    const std::int64_t m1 = input.factor1();
    const std::int64_t m2 = input.factor2();
    shape.turnRows = ceilDiv(m1, most);
    shape.turners = ceilDiv(m1, shape.turnRows);
    shape.leftParts = partsOf(m1, workgroup / (m2 / 4));
    shape.rightParts = partsOf(m2, workgroup / (m2 / 4));
    while (shape.joiners < mostJoiners && 2 * shape.joiners * shape.turnRows * m2 <= workgroup)
        shape.joiners *= 2;
}

/// Rows spread so that one workgroup a multiprocessor has them all, in as few steps as its size
/// allows.
Shape shapeOf(const Capabilities& capabilities, const DeviceInputs& input,
              const ProductGroup& group, std::int64_t rows) {
    const bool gated = group.gated != 0;
    const std::int64_t pieces = activationStride(input.cols()) / 128;
    const std::int64_t units = capabilities.multiprocessors != 0
                                   ? std::int64_t{capabilities.multiprocessors}
                                   : assumedGroups;
    Shape shape;
    shape.lanes = std::min<std::int64_t>(pieces <= 40 ? 8 : 16, capabilities.subgroupSize);
    shape.rows = gated ? 2 : 1;
    shape.share = ceilDiv(pieces, shape.lanes);
    shape.ahead = std::min<std::int64_t>(shape.share, gated ? 2 : 4);
    const std::int64_t outputs = gated ? rows / 2 : rows;
    const std::int64_t each = gated ? shape.rows / 2 : shape.rows; // outputs of a team
    const std::int64_t invocations = ceilDiv(outputs, units * each) * shape.lanes;
    const std::int64_t most = std::min<std::int64_t>(mostGroup, capabilities.invocations);
    shape.steps = ceilDiv(invocations, most);
    shape.workgroup = std::clamp(roundUp(ceilDiv(invocations, shape.steps), team),
                                 std::min(leastGroup, most), most / team * team);
    shape.groups = ceilDiv(outputs, shape.workgroup / shape.lanes * each * shape.steps);
    shapeTurns(input, shape.workgroup, units, shape);
    const std::int64_t rank = std::max<std::int64_t>(input.rank(), 1);
    if (capabilities.multiprocessors != 0) {
        shape.groups = std::max({shape.groups, shape.turners, rank});
        shape.slices = std::min(
            {shape.groups / rank, shape.workgroup / rank, input.rank() > 0 ? mostSlices : 1});
        shape.projectors = rank * shape.slices;
    } else {
        shape.projectors = rank;
        shape.firstProjector = shape.turners;
        shape.firstMultiplier = shape.turners + shape.projectors;
        shape.groups += shape.firstMultiplier;
    }
    return shape;
}

/// Of a rotated row, in the order of the words of levels.
std::int64_t valueWords(const DeviceInputs& input) {
    return roundUp(input.cols(), 32);
}

std::int64_t sharedBytes(const DeviceInputs& input, const Shape& shape) {
    constexpr std::int64_t reductions = 128 * 16; // of teams
    const std::int64_t pieces = shape.share * shape.lanes | 1;
    const std::int64_t m2 = input.factor2();
    const std::int64_t partials =
        4 * shape.turnRows * std::max(shape.leftParts, shape.rightParts) * m2;
    return std::max(128 * pieces, partials) + 12 * std::max<std::int64_t>(input.rank(), 1) +
           4 * shape.projectors + reductions + 4 * shape.turnRows * (input.factor1() + m2);
}

/// shaders/steady_product.comp, Job
struct Job {
    struct Rest {
        Address extras, outputs, before;
        std::int32_t flags, unused;
    };
    std::array<Rest, 3> targets;
    Address lowRankB, encoded, meta, lowRankBs;
};

/// shaders/steady_product.comp, Push
struct Push {
    Address x, gain, r1, r2, columnScale, values, notes, job;
    std::array<Address, 3> weights;
    std::array<std::int32_t, 3> rows;
    float epsilon, clipLow, clipHigh;
    std::int32_t modes;
    std::uint32_t projectors, multipliers, targetCount;
};

std::uint32_t small(std::int64_t value) {
    return static_cast<std::uint32_t>(value);
}

bool canStay(const Capabilities& capabilities, const PreparedRows& target,
             const PrepareSource& source, const ProductGroup& group) {
    const DeviceInputs& input = *target.input;
    return capabilities.waitingGroups && capabilities.subgroupArithmetic &&
           capabilities.subgroupShuffle && capabilities.subgroupSize >= mostJoiners &&
           capabilities.integerDot && input.factor1() != 0 && input.factor2() % 4 == 0 &&
           input.factor2() <= leastGroup && !target.keepFloats && !source.lastRow &&
           input.rank() == group.targets[0].weight->rank();
}

bool fits(const Capabilities& capabilities, const DeviceInputs& input, const Shape& shape) {
    const bool together = capabilities.multiprocessors != 0;
    return shape.turnRows * input.factor2() <= shape.workgroup &&
           3 * input.rank() <= shape.workgroup && shape.turners <= shape.workgroup &&
           shape.projectors <= shape.workgroup &&
           2 * shape.turners + shape.projectors <= mostNotes &&
           sharedBytes(input, shape) <= capabilities.sharedBytes &&
           (!together || shape.groups <= std::int64_t{capabilities.multiprocessors});
}

/// Every output gets a place of its own.
Job jobOf(VulkanPlan& plan, const PreparedRows& target, const ProductGroup& group,
          const GemvOperands& operands) {
    constexpr std::int32_t beforeFlagged = 8; // shaders/steady_product.comp
    const DeviceInputs& input = *target.input;
    Job job{
        {}, input.lowRankB(), target.encoded.address(), target.meta.address(), input.lowRankBs()};
    for (std::size_t i = 0; i < group.targets.size(); ++i) {
        const Address out = group.gated != 0 ? group.gated : group.targets[i].out;
        const bool together = group.gated != 0 && i > 0;
        const Address place =
            together ? job.targets[0].outputs : plan.takePlace(operands.targets[i].rows);
        const bool awaitsBefore = group.targets[i].accumulate && plan.flagged(out);
        job.targets[i] = {operands.targets[i].extras, place, operands.targets[i].outputs,
                          operands.targets[i].flags | (awaitsBefore ? beforeFlagged : 0), 0};
    }
    for (std::size_t i = 0; i < group.targets.size(); ++i)
        plan.moves(group.gated != 0 ? group.gated : group.targets[i].out, job.targets[i].outputs);
    return job;
}

Push pushOf(const VulkanPlan& plan, const PreparedRows& target, const PrepareSource& source,
            const ProductGroup& group, const GemvOperands& operands, const Shape& shape) {
    const DeviceInputs& input = *target.input;
    Push push{};
    push.x = plan.now(source.x);
    push.gain = source.gain;
    push.r1 = input.r1();
    push.r2 = input.r2();
    push.columnScale = input.columnScale();
    for (std::size_t i = 0; i < push.weights.size(); ++i) {
        push.weights[i] = operands.targets[i].weights;
        push.rows[i] = operands.targets[i].rows;
    }
    push.epsilon = source.epsilon;
    push.clipLow = input.clipLow();
    push.clipHigh = input.clipHigh();
    push.modes = target.bits | (input.columnScale() != 0 ? 256 : 0);
    push.projectors = small(shape.firstProjector);
    push.multipliers = small(shape.firstMultiplier);
    push.targetCount = static_cast<std::uint32_t>(group.targets.size());
    return push;
}

/// From constant_id 1 on.
std::vector<std::uint32_t> constantsOf(const DeviceInputs& input, const PrepareSource& source,
                                       bool gated, bool awaits, const Shape& shape) {
    return {1,
            small(shape.lanes),
            small(shape.rows),
            small(shape.ahead),
            small(shape.share),
            small(shape.steps),
            gated ? 1U : 0U,
            small(activationStride(input.cols()) / 128),
            small(input.rank()),
            small(shape.slices),
            small(input.factor1()),
            small(input.factor2()),
            small(shape.turnRows),
            small(shape.leftParts),
            small(shape.rightParts),
            small(shape.joiners),
            source.gain != 0 ? 1U : 0U,
            awaits ? 1U : 0U};
}

void note(VulkanPlan& plan, const DeviceInputs& input, const GemvOperands& operands,
          const Shape& shape) {
    ProductShape noted;
    noted.shader = "steady_product";
    noted.workgroup = small(shape.workgroup);
    noted.constants = {small(shape.lanes), small(shape.rows), small(shape.ahead)};
    noted.groups = small(shape.groups);
    plan.machine().choice.note({WeightKind::binary, true, true, operands.rows, input.cols(), 1},
                               noted);
}

} // namespace

void reserveSteadyProducts(VulkanPlan& plan, const PreparedRows& target,
                           const ProductGroup& group) {
    if (target.bits >= 16 || target.input->factor1() == 0)
        return;
    plan.reserve(valueWords(*target.input));
    plan.reserve(mostNotes);
    for (const ProductTarget& product : group.targets)
        plan.reserve(product.weight->rows());
}

bool encodeSteadyProducts(VulkanPlan& plan, CommandWriter& writer, const PreparedRows& target,
                          const PrepareSource& source, const ProductGroup& group) {
    const DeviceInputs& input = *target.input;
    const auto operands = gemvOperands(plan, target, group);
    const Capabilities& capabilities = plan.machine().device->capabilities();
    if (!operands || !canStay(capabilities, target, source, group))
        return false;
    const Shape shape = shapeOf(capabilities, input, group, operands->rows);
    if (!fits(capabilities, input, shape))
        return false;
    note(plan, input, *operands, shape);
    const bool awaits = plan.flagged(source.x);
    writer.follow(awaits);
    Push push = pushOf(plan, target, source, group, *operands, shape);
    push.values = plan.takePlace(valueWords(input));
    push.notes = plan.takePlace(mostNotes);
    const Job job = jobOf(plan, target, group, *operands);
    push.job = plan.addConstants(std::as_bytes(std::span(&job, 1)));
    writer.bind("steady_product", small(shape.workgroup),
                constantsOf(input, source, group.gated != 0, awaits, shape));
    writer.push(push);
    writer.dispatchFlagged(small(shape.groups));
    writer.mark("steady " + operands->name, operands->bytes);
    return true;
}

} // namespace bwla::vulkan
