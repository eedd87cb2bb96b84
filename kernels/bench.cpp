// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/bench.h"

#include "kernels/cpu/host_ops.h"
#include "kernels/cpu/portable/read_memory.h"
#include "kernels/operands.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <deque>

namespace bwla {
namespace {

using Clock = std::chrono::steady_clock;

// Copies of cold weights together: several times the last cache of any desktop processor.
constexpr std::int64_t coldBytes = std::int64_t{256} << 20;
constexpr std::int64_t roofBytes = std::int64_t{512} << 20;
constexpr std::int64_t verifiedRows = 32; // in each of three places

struct FormatInfo {
    BenchFormat format;
    std::string_view name;
    WeightKind kind;
    int bits;
};

constexpr std::array<FormatInfo, 5> formats = {{
    {BenchFormat::f32, "f32", WeightKind::f32, 16},
    {BenchFormat::f16, "f16", WeightKind::f16, 16},
    {BenchFormat::q8, "q8", WeightKind::rowInt8, 16},
    {BenchFormat::w1a16, "w1a16", WeightKind::binary, 16},
    {BenchFormat::w1a6, "w1a6", WeightKind::binary, 6},
}};

const FormatInfo& infoOf(BenchFormat format) {
    return formats[static_cast<std::size_t>(format)];
}

double microsecondsSince(Clock::time_point start) {
    return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

template<class T>
void copyRows(const std::vector<T>& from, std::int64_t begin, std::int64_t count,
              std::int64_t perRow, std::vector<T>& to) {
    if (!from.empty())
        to.assign(from.begin() + begin * perRow, from.begin() + (begin + count) * perRow);
}

/// Rows [begin, begin + count) of random weights without low rank.
HostLinear someRows(const HostLinear& linear, std::int64_t begin, std::int64_t count) {
    HostLinear some;
    some.kind = linear.kind;
    some.rows = count;
    some.cols = linear.cols;
    copyRows(linear.f32, begin, count, linear.cols, some.f32);
    copyRows(linear.f16, begin, count, linear.cols, some.f16);
    copyRows(linear.int8, begin, count, linear.cols, some.int8);
    copyRows(linear.signs, begin, count, HostLinear::wordsPerRow(linear.cols), some.signs);
    copyRows(linear.scale, begin, count, 1, some.scale);
    return some;
}

std::int64_t bytesPerRow(const HostLinear& linear) {
    const std::size_t bytes = 4 * linear.f32.size() + 2 * linear.f16.size() + linear.int8.size() +
                              4 * linear.signs.size();
    return static_cast<std::int64_t>(bytes) / linear.rows;
}

} // namespace

std::vector<BenchFormat> benchFormats() {
    std::vector<BenchFormat> all(formats.size());
    std::ranges::transform(formats, all.begin(), &FormatInfo::format);
    return all;
}

std::string_view benchFormatName(BenchFormat format) {
    return infoOf(format).name;
}

struct KernelBench::State {
    HostMachine machine;
    HostMachine twin;
    double roof = 0;

    State(CpuLevel level, const CpuFeatures& features, int threads)
        : machine{KernelTable(level, features), ThreadPool(threads), WeightKind::f16},
          twin{KernelTable(CpuLevel::reference, {}), ThreadPool(1), WeightKind::f32} {}
};

KernelBench::KernelBench(int threads) {
    const CpuFeatures features = detectCpuFeatures();
    state_ = std::make_unique<State>(chosenLevel(features), features,
                                     threads > 0 ? threads : physicalCores());
}

KernelBench::~KernelBench() = default;

BackendInfo KernelBench::info() const {
    return {"cpu", cpuName(), std::string(levelName(state_->machine.kernels.level())),
            state_->machine.pool.threads()};
}

double KernelBench::roof() {
    if (state_->roof > 0)
        return state_->roof;
    const AlignedVector<std::uint64_t> memory(roofBytes / 8, 1);
    constexpr std::int64_t chunk = 1 << 17; // elements: 1 MB
    std::vector<std::uint64_t> sums(memory.size() / chunk);
    for (int run = 0; run < 10; ++run) {
        const auto start = Clock::now();
        state_->machine.pool.forEach(
            static_cast<std::int64_t>(sums.size()), [&](std::int64_t index) {
                sums[static_cast<std::size_t>(index)] =
                    portable::readMemory(memory.data() + index * chunk, chunk);
            });
        const double gb = static_cast<double>(roofBytes) * 1e-3 / microsecondsSince(start);
        state_->roof = std::max(state_->roof, sums.front() == chunk ? gb : 0.0);
    }
    return state_->roof;
}

namespace {

/// A prepared input and its products into `out`, one for each copy of the weights.
class TimedProduct {
public:
    TimedProduct(HostMachine& machine, const BenchCase& what, const HostLinear& linear,
                 const std::vector<float>& x, std::int64_t copies)
        : machine_(machine), columns_(what.columns), input_(identity(what.cols)),
          prepared_(input_, {}, infoOf(what.format).bits, what.columns),
          out_(static_cast<std::size_t>(linear.rows * what.columns)) {
        for (std::int64_t copy = 0; copy < copies; ++copy) {
            const auto& weight =
                weights_.emplace_back(linear, machine.kernels.binaryLayout(), memory_);
            targets_.push_back(
                productTarget(machine, prepared_, columns_, weight, out_.data(), false));
        }
        runPrepare(machine, prepared_, x.data(), columns_);
    }
    void run(std::size_t copy) {
        runProducts(machine_, prepared_, {&targets_[copy % targets_.size()], 1}, columns_);
    }
    [[nodiscard]] const AlignedVector<float>& out() const { return out_; }
    [[nodiscard]] double weightBytes() const { return static_cast<double>(weights_[0].bytes()); }
    [[nodiscard]] const LinearKernel* kernel() const { return targets_[0].kernel; }

private:
    static HostInputs identity(std::int64_t cols) {
        HostInput input;
        input.cols = cols;
        return HostInputs(input);
    }
    HostMachine& machine_;
    int columns_;
    HostInputs input_;
    PreparedRows prepared_;
    AlignedVector<float> out_;
    WeightMemory memory_;
    std::deque<HostWeights> weights_;
    std::vector<ProductTarget> targets_;
};

/// The first, middle and last rows of the product against the twin's.
bool agrees(HostMachine& twin, const BenchCase& what, const HostLinear& linear,
            const std::vector<float>& x, const AlignedVector<float>& out) {
    const std::int64_t count = std::min(verifiedRows, linear.rows);
    for (const std::int64_t begin :
         {std::int64_t{0}, (linear.rows - count) / 2, linear.rows - count}) {
        TimedProduct exact(twin, what, someRows(linear, begin, count), x, 1);
        exact.run(0);
        double largest = 0;
        double worst = 0;
        for (std::int64_t t = 0; t < what.columns; ++t)
            for (std::int64_t i = 0; i < count; ++i) {
                const double expected = exact.out()[static_cast<std::size_t>(t * count + i)];
                const double got = out[static_cast<std::size_t>(t * linear.rows + begin + i)];
                largest = std::max(largest, std::abs(expected));
                worst = std::max(worst, std::abs(got - expected));
            }
        if (!(worst <= 1e-5 * largest))
            return false;
    }
    return true;
}

std::string nameOf(const KernelTable& kernels, const LinearKernel* body) {
    for (const Kernel* kernel : kernels.chosen())
        if (std::get_if<LinearKernel>(&kernel->body) == body)
            return std::string(levelName(kernel->level)) + " " + std::string(kernel->name);
    return {};
}

} // namespace

BenchResult KernelBench::run(const BenchCase& what) {
    const HostLinear linear = randomLinear(infoOf(what.format).kind, what.rows, what.cols, 1);
    const auto x = randomFloats(what.cols * what.columns, 2);
    const std::int64_t bytes = bytesPerRow(linear);
    const std::int64_t copies = what.cold ? coldBytes / (bytes * what.rows) + 2 : 1;
    TimedProduct product(state_->machine, what, linear, x, copies);
    for (std::size_t warmUp = 0; warmUp < 2; ++warmUp)
        product.run(warmUp);
    std::vector<double> times;
    const auto begin = Clock::now();
    while (times.size() < 5 || microsecondsSince(begin) < what.seconds * 1e6) {
        const auto start = Clock::now();
        product.run(times.size());
        times.push_back(microsecondsSince(start));
    }
    std::ranges::sort(times);
    BenchResult result;
    // A copy of cold weights may have stayed in a cache that is larger than we think.
    result.us = what.cold ? times[times.size() / 2] : times.front();
    result.medianUs = times[times.size() / 2];
    result.spread = (times[times.size() * 9 / 10] - times.front()) / result.us;
    result.weightBytes = product.weightBytes();
    result.gbPerSecond = result.weightBytes * 1e-3 / result.us;
    result.roofShare = result.gbPerSecond / roof();
    result.variant = nameOf(state_->machine.kernels, product.kernel());
    result.verified = agrees(state_->twin, what, linear, x, product.out());
    return result;
}

} // namespace bwla
