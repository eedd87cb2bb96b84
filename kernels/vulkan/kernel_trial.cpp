// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/vulkan/kernel_trial.h"

#include "kernels/operands.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

namespace bwla::vulkan {
namespace {

// Of weights of one product: past the caches of most GPUs, and no burden to their memory.
constexpr std::int64_t gpuBytes = std::int64_t{128} << 20;
constexpr std::int64_t softwareBytes = std::int64_t{256} << 10;
constexpr std::int64_t mostCopies = 16;
constexpr double compileSeconds = 0.45, timingSeconds = 0.15; // of a plan's products together
constexpr int passes = 6;
constexpr double roofSeconds = 0.01;
constexpr std::size_t leastCandidates = 2;
constexpr double worthAChange = 0.97; // of the default's time
constexpr std::int64_t randomValues = 1 << 16;

// Smaller copies measured 1.6 TB/s on an H200 that copies at 4.
std::int64_t roofBytes(const Machine& machine) {
    const std::int64_t wanted = machine.device->info().isGpu() ? 8 * gpuBytes : softwareBytes;
    const std::int64_t free = machine.memory.available();
    return free > 0 ? std::clamp<std::int64_t>(free / 8, softwareBytes, wanted) : wanted;
}

double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

std::int64_t bytesPerRow(const ProductCase& what) {
    switch (what.kind) {
    case WeightKind::f16:
        return 2 * what.cols;
    case WeightKind::rowInt8:
        return what.cols;
    default:
        return 4 * HostLinear::wordsPerRow(what.cols);
    }
}

/// No more rows than the memory for a trial holds: a row costs the same.
ProductCase within(const ProductCase& what, std::int64_t bytes) {
    ProductCase reduced = what;
    const std::int64_t most = std::max<std::int64_t>(bytes / bytesPerRow(what) / 64 * 64, 64);
    reduced.rows = std::min(what.rows, most);
    return reduced;
}

bool sameKernel(const ProductShape& a, const ProductShape& b) {
    return a.shader == b.shader && a.workgroup == b.workgroup && a.constants == b.constants;
}

/// Rows of synthesized weights as a host has them.
HostLinear rowsOf(const Machine& machine, const DeviceWeights& weight, std::int64_t first,
                  std::int64_t count) {
    HostLinear linear;
    linear.kind = weight.kind();
    linear.rows = count;
    linear.cols = weight.cols();
    if (weight.kind() != WeightKind::f16)
        linear.scale.assign(static_cast<std::size_t>(count),
                            synthScale(weight.kind(), weight.cols()));
    const auto read = [&](auto& values, std::int64_t perRow) {
        values.resize(static_cast<std::size_t>(count * perRow));
        for (std::int64_t i = 0; i < count; ++i) {
            const auto part =
                std::ranges::find_if(weight.parts(), [row = first + i](const WeightPart& one) {
                    return row < one.firstRow + one.rows;
                });
            machine.memory.read(
                part->weights, (first + i - part->firstRow) * weight.rowQuads() * 16,
                std::as_writable_bytes(std::span(values).subspan(
                    static_cast<std::size_t>(i * perRow), static_cast<std::size_t>(perRow))));
        }
    };
    if (weight.kind() == WeightKind::f16)
        read(linear.f16, weight.cols());
    else if (weight.kind() == WeightKind::rowInt8)
        read(linear.int8, weight.cols());
    else
        read(linear.signs, HostLinear::wordsPerRow(weight.cols()));
    return linear;
}

std::vector<float> inputs(std::int64_t count) {
    const auto some = randomFloats(std::min(count, randomValues), 1);
    std::vector<float> all(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < all.size(); ++i) // no row equals another
        all[i] = some[(i + i / some.size() * 7) % some.size()];
    return all;
}

} // namespace

struct KernelTrials::Trial {
    struct Contender {
        ProductShape asked, tried; ///< for all rows; for those of the rig
        std::unique_ptr<TimedCommands> timed;
        double us = std::numeric_limits<double>::infinity();
    };
    ProductRig rig;
    std::vector<float> x;
    std::vector<Contender> contenders; ///< the default first
    std::size_t compiled = 0;

    Trial(Machine& machine, const ProductCase& what, std::int64_t bytes)
        : rig(machine, weights(machine, what, bytes), what.levels ? (what.scaled ? 6 : 8) : 16,
              what.batch),
          x(inputs(what.cols * what.batch)) {
        rig.prepare(x);
    }
    static std::deque<DeviceWeights> weights(Machine& machine, const ProductCase& what,
                                             std::int64_t bytes) {
        std::deque<DeviceWeights> copies;
        const std::int64_t count =
            std::clamp<std::int64_t>(bytes / (what.rows * bytesPerRow(what)), 1, mostCopies);
        for (std::int64_t copy = 0; copy < count; ++copy)
            copies.emplace_back(
                SynthLinear{what.kind, what.rows, what.cols, 0, static_cast<std::uint32_t>(copy)},
                machine);
        return copies;
    }

    void compileNext(Machine& machine) {
        Contender& next = contenders[compiled++];
        const bool gpu = machine.device->info().isGpu();
        const int count = rig.what().batch > 1 ? 2 : gpu ? static_cast<int>(mostCopies) : 2;
        next.timed = std::make_unique<TimedCommands>(
            machine, count,
            [this, &next](CommandWriter& writer, int i) { rig.encode(writer, next.tried, i); });
        (void)next.timed->once(); // some devices generate code at the first run
    }

    /// Empty where the outputs are the reference's, in the first, middle and last rows.
    [[nodiscard]] std::string mistake(Machine& machine, const ProductShape& shape) {
        const ProductCase& what = rig.what();
        rig.clear();
        (void)TimedCommands(machine, 1, [&](CommandWriter& writer, int) {
            rig.encode(writer, shape, 0);
        }).once();
        const auto out = rig.out();
        const auto reference = makeReferenceBackend();
        const std::int64_t count = std::min<std::int64_t>(what.batch == 1 ? 8 : 2, what.rows);
        double worst = 0;
        for (const std::int64_t first :
             {std::int64_t{0}, (what.rows - count) / 2, what.rows - count}) {
            const auto expected =
                exactProduct(*reference, rowsOf(machine, rig.weight(), first, count), x,
                             what.levels ? (what.scaled ? 6 : 8) : 16);
            double largest = 1e-30;
            double difference = 0;
            for (std::size_t i = 0; i < expected.size(); ++i) {
                const auto token = static_cast<std::int64_t>(i) / count;
                const auto row = first + static_cast<std::int64_t>(i) % count;
                const double got = out[static_cast<std::size_t>(token * what.rows + row)];
                largest = std::max(largest, std::abs(double{expected[i]}));
                const double error = std::abs(got - expected[i]);
                difference = error <= difference ? difference : error; // NaN counts
            }
            worst = difference / largest <= worst ? worst : difference / largest;
        }
        return worst <= toleranceOf(shape) ? "" : "differs by " + std::to_string(worst);
    }
};

KernelTrials::KernelTrials(Machine& machine) : machine_(machine) {}
KernelTrials::~KernelTrials() = default;

void KernelTrials::add(const ProductCase& what, const std::vector<ProductShape>& shapes) {
    std::int64_t bytes = machine_.device->info().isGpu() ? gpuBytes : softwareBytes;
    if (const std::int64_t free = machine_.memory.available(); free > 0)
        bytes = std::min(bytes, free / 16);
    const ProductCase reduced = within(what, bytes);
    auto trial = std::make_unique<Trial>(machine_, reduced, bytes);
    const auto tried = productShapes(machine_.device->capabilities(), reduced);
    for (const ProductShape& shape : shapes)
        if (const auto found = std::ranges::find_if(
                tried, [&](const ProductShape& one) { return sameKernel(one, shape); });
            found != tried.end() || &shape == &shapes.front())
            trial->contenders.push_back({shape, found != tried.end() ? *found : shape, nullptr,
                                         std::numeric_limits<double>::infinity()});
    // Lists run through one parameter after another: every third first shows more of them.
    auto& order = trial->contenders;
    std::vector<Trial::Contender> mixed;
    mixed.push_back(std::move(order.front()));
    for (std::size_t start = 1; start < 4; ++start)
        for (std::size_t i = start; i < order.size(); i += 3)
            mixed.push_back(std::move(order[i]));
    order = std::move(mixed);
    trials_.push_back(std::move(trial));
}

void KernelTrials::compile() {
    const double end = now() + compileSeconds;
    for (bool more = true; std::exchange(more, false);)
        for (const auto& trial : trials_) {
            const bool must = trial->compiled < leastCandidates;
            if (trial->compiled == trial->contenders.size() || (!must && now() > end))
                continue;
            trial->compileNext(machine_);
            more = true;
        }
}

double KernelTrials::run(bool wantsRoof) {
    if (trials_.empty())
        return 0;
    compile();
    double roof = 0;
    if (wantsRoof) // which raises the clocks as well
        roof = copyRoof(machine_, roofBytes(machine_), roofSeconds);
    else
        (void)trials_.front()->contenders.front().timed->run(0.0);
    const double end = now() + timingSeconds;
    for (int pass = 0; pass < passes && (pass < 2 || now() < end); ++pass)
        for (const auto& trial : trials_)
            for (std::size_t i = 0; i < trial->compiled; ++i) {
                Trial::Contender& one = trial->contenders[i];
                one.us = std::min(one.us, one.timed->once());
            }
    return roof;
}

TrialResult KernelTrials::best(std::size_t index, const Wrong& wrong) {
    Trial& trial = *trials_[index];
    std::vector<const Trial::Contender*> order;
    for (std::size_t i = 0; i < trial.compiled; ++i)
        order.push_back(&trial.contenders[i]);
    const auto rank = [&](const Trial::Contender* one) {
        return one == &trial.contenders.front() ? worthAChange * one->us : one->us;
    };
    std::ranges::stable_sort(order, {}, rank);
    std::string said;
    for (const Trial::Contender* one : order) {
        const std::string mistake = trial.mistake(machine_, one->tried);
        const double bytes =
            static_cast<double>(trial.rig.what().rows * bytesPerRow(trial.rig.what()));
        if (mistake.empty())
            return {one->asked, static_cast<int>(order.size()), bytes * 1e-3 / one->us};
        wrong(one->asked, mistake);
        said = one->asked.shader + " " + mistake;
    }
    throw KernelError(KernelErrorCode::wrongResult, machine_.device->info().name,
                      "no kernel for a product of " + std::to_string(trial.rig.what().rows) +
                          " x " + std::to_string(trial.rig.what().cols) +
                          " computes correctly on it: " + said);
}

} // namespace bwla::vulkan
