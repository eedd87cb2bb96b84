// SPDX-License-Identifier: GPL-3.0-or-later
//
// shaders/steady_product.comp: which products it takes, and how they are spread over workgroups.
#include "kernels/aligned.h"
#include "kernels/vulkan/gemv_ops.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace bwla::vulkan {
namespace {

constexpr std::int64_t team = 32;           // a workgroup is a multiple of it
constexpr std::int64_t leastGroup = 256;    // every workgroup makes all levels
constexpr std::int64_t mostGroup = 800;     // leaves 80 registers an invocation on an H200
constexpr std::int64_t assumedGroups = 32;  // where nobody says how many run at once
constexpr std::int64_t mostSlices = 8;

int env(const char* name, int standard) {
    const char* text = std::getenv(name);
    return text == nullptr ? standard : std::atoi(text);
}

struct Shape {
    std::int64_t workgroup = 256, lanes = 8, rows = 1, ahead = 1, share = 1, steps = 1;
    std::int64_t turnRows = 1, leftParts = 1, rightParts = 1, rightAhead = 1, joiners = 1;
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
    while (shape.joiners < 8 && 2 * shape.joiners * shape.turnRows * m2 <= workgroup)
        shape.joiners *= 2;
    shape.rightAhead = std::min<std::int64_t>(m2 / shape.rightParts, env("BWLA_RA", 4));
}

bool turnFits(const DeviceInputs& input, std::int64_t workgroup, const Shape& shape) {
    const std::int64_t m2 = input.factor2();
    return m2 % 4 == 0 && m2 / 4 <= workgroup && shape.turnRows * m2 <= workgroup;
}

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
    std::int64_t mostAhead = gated ? 2 : 4;
    std::int64_t fixed = 0;
    if (const char* x = std::getenv("BWLA_X")) {
        unsigned v[16];
        if (std::sscanf(x, "%u,%u,%u,%u;%u,%u,%u,%u;%u,%u,%u,%u;%u,%u,%u,%u", v, v + 1, v + 2, v + 3, v + 4, v + 5, v + 6, v + 7, v + 8, v + 9, v + 10, v + 11, v + 12, v + 13, v + 14, v + 15) == 16) {
            const unsigned* w = pieces >= 160 ? v + 12 : gated ? v + 8 : pieces >= 64 ? v + 4 : v;
            fixed = w[0];
            shape.lanes = w[1];
            shape.rows = w[2];
            mostAhead = w[3];
        }
    }
    shape.share = ceilDiv(pieces, shape.lanes);
    shape.ahead = std::min(shape.share, mostAhead);
    const std::int64_t outputs = gated ? rows / 2 : rows;
    const std::int64_t each = gated ? shape.rows / 2 : shape.rows; // outputs of a team
    const std::int64_t invocations = ceilDiv(outputs, units * each) * shape.lanes;
    const std::int64_t most =
        std::min<std::int64_t>(fixed != 0 ? fixed : mostGroup, capabilities.invocations);
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

bool evenRows(const ProductGroup& group, std::int64_t rows) {
    return std::ranges::all_of(group.targets, [&](const ProductTarget& target) {
        return target.weight->rows() % rows == 0;
    });
}

std::uint32_t small(std::int64_t value) {
    return static_cast<std::uint32_t>(value);
}

} // namespace

bool encodeSteadyProducts(VulkanPlan& plan, CommandWriter& writer, const PreparedRows& target,
                          const PrepareSource& source, const ProductGroup& group) {
    static const int mode = env("BWLA_STEADY", 1);
    const DeviceInputs& input = *target.input;
    const auto operands = gemvOperands(plan, target, group);
    const Capabilities& capabilities = plan.machine().device->capabilities();
    if (mode == 0 || !operands || input.factor1() == 0 || target.keepFloats || source.lastRow ||
        !capabilities.waitingGroups || !capabilities.subgroupArithmetic ||
        !capabilities.subgroupShuffle || !capabilities.integerDot ||
        input.rank() != group.targets[0].weight->rank())
        return false;
    const bool gated = group.gated != 0;
    const Shape shape = shapeOf(capabilities, input, group, operands->rows);
    if (!turnFits(input, shape.workgroup, shape) || !evenRows(group, gated ? 1 : shape.rows) ||
        shape.rows > shape.lanes || sharedBytes(input, shape) > capabilities.sharedBytes ||
        3 * input.rank() > shape.workgroup)
        return false;
    struct Rest {
        Address extras, outputs;
        std::int32_t flags, unused;
    };
    struct Job {
        std::array<Rest, 3> targets;
        Address lowRankB, encoded, meta, lowRankBs;
        CommandWriter::Finish before;
    };
    struct Push {
        Address x, gain, r1, r2, columnScale, values, progress, job;
        std::array<Address, 3> weights;
        std::array<std::int32_t, 3> rows;
        float epsilon, clipLow, clipHigh;
        std::int32_t modes;
        std::uint32_t projectors, multipliers, targetCount;
    };
    const Address progress = plan.nextProgress();
    ProductShape noted;
    noted.shader = "steady_product";
    noted.workgroup = small(shape.workgroup);
    noted.constants = {small(shape.lanes), small(shape.rows), small(shape.ahead)};
    noted.groups = small(shape.groups);
    plan.machine().choice.note({WeightKind::binary, true, true, operands->rows, input.cols(), 1},
                               noted);
    writer.bind("steady_product", small(shape.workgroup),
                {1, small(shape.lanes), small(shape.rows), small(shape.ahead), small(shape.share),
                 small(shape.steps), gated ? 1U : 0U, small(activationStride(input.cols()) / 128),
                 small(input.rank()), small(shape.slices), small(input.factor1()),
                 small(input.factor2()), small(shape.turnRows), small(shape.leftParts),
                 small(shape.rightParts), small(shape.rightAhead), small(shape.joiners),
                 source.gain != 0 ? 1U : 0U});
    static const int chain = env("BWLA_CHAIN", 1);
    const CommandWriter::Finish before = writer.awaited(chain != 0);
    Job job{{}, input.lowRankB(), target.encoded.address(), target.meta.address(), input.lowRankBs(), before};
    std::array<Address, 3> weights{};
    std::array<std::int32_t, 3> rows{};
    for (std::size_t i = 0; i < 3; ++i) {
        const GemvTarget& from = operands->targets[i];
        job.targets[i] = {from.extras, from.outputs, from.flags, 0};
        weights[i] = from.weights;
        rows[i] = from.rows;
    }
    writer.push(Push{source.x,
                     source.gain,
                     input.r1(),
                     input.r2(),
                     input.columnScale(),
                     target.values.address(),
                     progress,
                     plan.addConstants(std::as_bytes(std::span(&job, 1))),
                     weights,
                     rows,
                     source.epsilon,
                     input.clipLow(),
                     input.clipHigh(),
                     target.bits | (input.columnScale() != 0 ? 256 : 0),
                     small(shape.firstProjector),
                     small(shape.firstMultiplier),
                     small(static_cast<std::int64_t>(group.targets.size()))});
    writer.dispatch(small(shape.groups));
    if (chain != 0)
        writer.finishes({progress, small(shape.groups - shape.firstMultiplier)});
    writer.mark("steady " + operands->name, operands->bytes);
    return true;
}

} // namespace bwla::vulkan
