// SPDX-License-Identifier: GPL-3.0-or-later
//
// shaders/steady_product.comp: which products it takes, and how they are spread over workgroups.
#include "kernels/aligned.h"
#include "kernels/vulkan/gemv_ops.h"
#include "kernels/vulkan/trial.h"

#include <algorithm>

namespace bwla::vulkan {
namespace {

constexpr std::int64_t team = 32;          // a workgroup is a multiple of it
constexpr std::int64_t leastGroup = 256;   // every workgroup makes all levels
constexpr std::int64_t mostGroup = 800;    // leaves 80 registers an invocation on an H200
constexpr std::int64_t assumedGroups = 64; // where nobody says how many run at once
constexpr std::int64_t mostSlices = 8;
constexpr std::int64_t mostJoiners = 8;
constexpr std::int64_t mostRightAhead = 4;

struct Shape {
    std::int64_t workgroup = 256, lanes = 8, rows = 1, ahead = 1, share = 1, steps = 1;
    std::int64_t turnRows = 1, leftParts = 1, rightParts = 1, rightAhead = 1, joiners = 1;
    std::int64_t turners = 1, slices = 1, projectors = 1, groups = 1;
    std::int64_t firstProjector = 0, firstMultiplier = 0, atOnce = 1;
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
    shape.rightAhead = std::min<std::int64_t>(m2 / shape.rightParts,
                                              (trialBits() & 32) != 0 ? 64 : mostRightAhead);
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
    const std::uint32_t x = trialBits();
    const bool down = !gated && input.factor2() * input.factor1() > 2 * rows; // long rows
    Shape shape;
    shape.lanes = std::min<std::int64_t>(pieces <= 40 ? 8 : 16, capabilities.subgroupSize);
    shape.rows = gated ? ((x & 256) != 0 ? 4 : 2) : 1;
    if (!gated && (x & (down ? 512U : 8U)) != 0)
        shape.rows = 2;
    shape.rows = trialNumber(gated ? "BWLA_ROWS_G" : down ? "BWLA_ROWS_D" : "BWLA_ROWS", shape.rows);
    shape.lanes = trialNumber(gated ? "BWLA_LANES_G" : down ? "BWLA_LANES_D" : "BWLA_LANES", shape.lanes);
    shape.lanes = std::min<std::int64_t>(shape.lanes, capabilities.subgroupSize);
    for (const ProductTarget& target : group.targets) // teams do not have rows of two targets
        while (target.weight->rows() % (gated ? shape.rows / 2 : shape.rows) != 0 &&
               (group.targets.size() > 1 || gated))
            shape.rows /= 2;
    shape.share = ceilDiv(pieces, shape.lanes);
    shape.atOnce = trialNumber(gated ? "BWLA_K_G" : down ? "BWLA_K_D" : "BWLA_K", 1);
    shape.share = roundUp(shape.share, shape.atOnce);
    shape.ahead = std::min<std::int64_t>(
        shape.share, trialNumber(gated  ? "BWLA_AHEAD_G"
                                 : down ? "BWLA_AHEAD_D"
                                        : "BWLA_AHEAD",
                                 gated ? 2 : 4));
    shape.ahead = std::max(shape.ahead / shape.atOnce, std::int64_t{1}) * shape.atOnce;
    const std::int64_t outputs = gated ? rows / 2 : rows;
    const std::int64_t each = gated ? shape.rows / 2 : shape.rows; // outputs of a team
    const std::int64_t invocations = ceilDiv(outputs, units * each) * shape.lanes;
    const std::int64_t most = std::min<std::int64_t>(
        trialNumber(gated ? "BWLA_MOST_G" : "BWLA_MOST", mostGroup), capabilities.invocations);
    shape.steps = ceilDiv(invocations, most);
    shape.workgroup = std::clamp(roundUp(ceilDiv(invocations, shape.steps), team),
                                 std::min(leastGroup, most), most / team * team);
    shape.groups = ceilDiv(outputs, shape.workgroup / shape.lanes * each * shape.steps);
    shapeTurns(input, shape.workgroup, units, shape);
    const std::int64_t rank = std::max<std::int64_t>(input.rank(), 1);
    if (capabilities.multiprocessors != 0) {
        shape.groups = std::max({shape.groups, shape.turners, rank});
        shape.slices = std::min(shape.groups / rank, input.rank() > 0 ? mostSlices : 1);
        shape.projectors = rank * shape.slices;
    } else {
        shape.projectors = rank;
        shape.firstProjector = shape.turners;
        shape.firstMultiplier = shape.turners + shape.projectors;
        shape.groups += shape.firstMultiplier;
    }
    return shape;
}

std::int64_t sharedBytes(const DeviceInputs& input, const Shape& shape) {
    constexpr std::int64_t reductions = 128 * 16; // of teams
    const std::int64_t pieces = shape.share * shape.lanes | 1;
    const std::int64_t m2 = input.factor2();
    const std::int64_t partials =
        4 * shape.turnRows * std::max(shape.leftParts, shape.rightParts) * m2;
    return std::max(128 * pieces, partials) + 12 * std::max<std::int64_t>(input.rank(), 1) +
           reductions + 4 * shape.turnRows * (input.factor1() + m2);
}

/// shaders/steady_product.comp, Job
struct Job {
    struct Rest {
        Address extras, outputs;
        std::int32_t flags, unused;
        Address shadow;
    };
    std::array<Rest, 3> targets;
    Address lowRankB, encoded, meta, lowRankBs;
    Address beforeProgress = 0;
    std::uint32_t beforeGroups = 0, unused = 0;
    Address traces = 0, next = 0;
    std::int32_t nextShares = 0, unused2 = 0;
};

/// shaders/steady_product.comp, Share
struct Share {
    Address from = 0;
    std::uint32_t words = 0, unused = 0;
};

/// shaders/steady_product.comp, Push
struct Push {
    Address x, gain, r1, r2, columnScale, values, progress, job;
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
           3 * input.rank() <= shape.workgroup &&
           sharedBytes(input, shape) <= capabilities.sharedBytes && shape.turners <= 160 &&
           shape.turners <= shape.workgroup && input.rank() <= 64 &&
           (!together || shape.groups <= std::int64_t{capabilities.multiprocessors});
}

Job jobOf(const PreparedRows& target, const GemvOperands& operands,
          const CommandWriter::Finish& before) {
    const DeviceInputs& input = *target.input;
    Job job{{},
            input.lowRankB(),
            target.encoded.address(),
            target.meta.address(),
            input.lowRankBs(),
            before.progress,
            before.groups};
    for (std::size_t i = 0; i < job.targets.size(); ++i)
        job.targets[i] = {operands.targets[i].extras, operands.targets[i].outputs,
                          operands.targets[i].flags, 0, 0};
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
    push.columnScale = input.columnScale();
    push.values = target.values.address();
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
                                       bool gated, const Shape& shape, std::uint32_t bits) {
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
            small(shape.rightAhead),
            small(shape.joiners),
            source.gain != 0 ? 1U : 0U,
            bits,
            small(trialNumber(gated ? "BWLA_TOUCH_G" : "BWLA_TOUCH", 64)),
            small(shape.atOnce)};
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

/// What a dispatch needs first, for the one before to touch.
std::vector<Share> sharesOf(const PreparedRows& target, const PrepareSource& source,
                            const ProductGroup& group, const GemvOperands& operands,
                            Address job) {
    const DeviceInputs& input = *target.input;
    std::vector<Share> shares;
    const auto add = [&](Address from, std::int64_t words) {
        if (from != 0 && shares.size() < 8)
            shares.push_back({from, small(words), 0});
    };
    add(job, sizeof(Job) / 4);
    add(source.gain, input.cols());
    add(input.r1(), input.factor1() * input.factor1());
    add(input.r2(), input.factor2() * input.factor2());
    add(input.columnScale(), input.cols());
    for (std::size_t i = 0; i < group.targets.size(); ++i) {
        const DeviceWeights& weight = *group.targets[i].weight;
        const std::int64_t lowRankWords = weight.rank() > 0 ? (weight.rank() + 3) / 4 : 0;
        add(operands.targets[i].extras,
            weight.rows() * ((operands.targets[i].flags & 2) != 0 ? 3 : 2) +
                weight.rows() * lowRankWords + weight.rank());
    }
    return shares;
}

} // namespace

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
    const bool flags = (trialBits() & 4096) != 0;
    const Address shadow = flags ? writer.shadowOf(source.x) : 0;
    CommandWriter::Finish awaited = writer.awaited(!flags || shadow != 0);
    if (flags)
        awaited.groups = 0; // nobody counts
    const std::uint32_t bits = trialBits() | (shadow != 0 ? 131072U : 0U);
    Job job = jobOf(target, *operands, awaited);
    Push push = pushOf(target, source, group, *operands, shape);
    job.traces = plan.nextTrace(operands->name, small(shape.groups));
    push.progress = plan.nextProgress();
    if ((trialBits() & 1024) != 0)
        push.values = plan.nextValues(target.stride());
    if (shadow != 0)
        push.x = shadow;
    CommandWriter::Finish finish{push.progress, small(shape.groups - shape.firstMultiplier), {}};
    if (flags)
        for (std::size_t i = 0; i < group.targets.size(); ++i) {
            const bool again = i > 0 && operands->targets[i].outputs == operands->targets[0].outputs;
            job.targets[i].shadow =
                again ? job.targets[0].shadow : plan.nextValues(operands->targets[i].rows);
            finish.shadows[i] = {operands->targets[i].outputs, job.targets[i].shadow};
        }
    const Piece before = plan.takeNext();
    if ((trialBits() & 2) != 0) {
        job.next = plan.addNext(8 * sizeof(Share));
        job.nextShares = 8;
    }
    push.job = plan.addConstants(std::as_bytes(std::span(&job, 1)));
    if (before.allocation) {
        const auto shares = sharesOf(target, source, group, *operands, push.job);
        plan.machine().memory.write(before, std::as_bytes(std::span(shares)));
    }
    writer.bind(job.traces != 0 ? "steady_product_trace" : "steady_product",
                small(shape.workgroup),
                constantsOf(input, source, group.gated != 0, shape, bits));
    writer.push(push);
    writer.dispatch(small(shape.groups));
    writer.finishes(finish);
    writer.mark("steady " + operands->name, operands->bytes);
    return true;
}

} // namespace bwla::vulkan
