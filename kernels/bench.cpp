// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/bench.h"

#include "kernels/bench_operands.h"
#include "kernels/cpu/host_ops.h"
#include "kernels/cpu/portable/read_memory.h"

#include <algorithm>
#include <chrono>
#include <deque>

namespace bwla {
namespace {

using Clock = std::chrono::steady_clock;

// Copies of cold weights together: several times the last cache of any desktop processor.
constexpr std::int64_t coldBytes = std::int64_t{256} << 20;
constexpr std::int64_t roofBytes = std::int64_t{512} << 20;
double microsecondsSince(Clock::time_point start) {
    return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

} // namespace

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
          prepared_(input_, {}, benchBits(what.format), what.columns),
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

std::string nameOf(const KernelTable& kernels, const LinearKernel* body) {
    for (const Kernel* kernel : kernels.chosen())
        if (std::get_if<LinearKernel>(&kernel->body) == body)
            return std::string(levelName(kernel->level)) + " " + std::string(kernel->name);
    return {};
}

} // namespace

BenchResult KernelBench::run(const BenchCase& what) {
    const BenchOperands operands(what);
    const std::int64_t copies = what.cold ? coldBytes / operands.weightBytes() + 2 : 1;
    TimedProduct product(state_->machine, what, operands.linear, operands.x, copies);
    for (std::size_t warmUp = 0; warmUp < 2; ++warmUp)
        product.run(warmUp);
    std::vector<double> times;
    const auto begin = Clock::now();
    while (times.size() < 5 || microsecondsSince(begin) < what.seconds * 1e6) {
        const auto start = Clock::now();
        product.run(times.size());
        times.push_back(microsecondsSince(start));
    }
    BenchResult result;
    summarize(std::move(times), what.cold, result);
    result.weightBytes = product.weightBytes();
    result.gbPerSecond = result.weightBytes * 1e-3 / result.us;
    result.roofShare = result.gbPerSecond / roof();
    result.variant = nameOf(state_->machine.kernels, product.kernel());
    const ExpectedRows expected(operands, [&](const HostLinear& rows) {
        TimedProduct exact(state_->twin, what, rows, operands.x, 1);
        exact.run(0);
        return std::vector<float>(exact.out().begin(), exact.out().end());
    });
    result.verified = expected.agree(product.out());
    return result;
}

} // namespace bwla
