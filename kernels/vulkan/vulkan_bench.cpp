// SPDX-License-Identifier: GPL-3.0-or-later
//
// Products timed by the device's own clock: a command buffer of many of them between two
// timestamps, a barrier between neighbours so that none overlap, input prepared before.
#include "kernels/bench_operands.h"
#include "kernels/vulkan/product_shape.h"
#include "kernels/vulkan/vulkan_ops.h"
#include "kernels/vulkan/vulkan_recorder.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <numeric>

namespace bwla {
namespace vulkan {
namespace {

// Several times the caches of the largest GPUs (H200: 60 MB).
constexpr std::int64_t coldBytes = std::int64_t{512} << 20;
// Uploads of tiny weights would take longer than anything that is timed.
constexpr std::int64_t mostCopies = 256;
constexpr std::int64_t gpuRoofBytes = std::int64_t{1} << 30;
constexpr std::int64_t softwareRoofBytes = std::int64_t{64} << 20;
// Products of a command buffer: a tenth of a second of small ones, a few of the largest.
constexpr int mostProducts = 200;
constexpr double bytesPerSubmission = 16e9;
constexpr double warmUpSeconds = 0.1;

/// Two timestamps.
class Stopwatch {
public:
    explicit Stopwatch(Machine& machine) : machine_(machine) {
        if (!machine.device->capabilities().timestamps)
            throw KernelError(KernelErrorCode::unsupported, machine.device->info().name,
                              "it has no timestamps");
        VkQueryPoolCreateInfo create{};
        create.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO;
        create.queryType = VK_QUERY_TYPE_TIMESTAMP;
        create.queryCount = 2;
        check(api().CreateQueryPool(machine.device->handle(), &create, nullptr, &pool_),
              "a query pool");
    }
    ~Stopwatch() { api().DestroyQueryPool(machine_.device->handle(), pool_, nullptr); }
    Stopwatch(const Stopwatch&) = delete;
    Stopwatch& operator=(const Stopwatch&) = delete;

    [[nodiscard]] VkQueryPool pool() const { return pool_; }
    [[nodiscard]] double microseconds() const {
        std::uint64_t ticks[2] = {};
        check(api().GetQueryPoolResults(machine_.device->handle(), pool_, 0, 2, sizeof ticks, ticks,
                                        sizeof ticks[0],
                                        VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT),
              "reading timestamps");
        return static_cast<double>(ticks[1] - ticks[0]) * 1e-3 *
               machine_.device->capabilities().timestampNanoseconds;
    }

private:
    [[nodiscard]] const DeviceApi& api() const { return machine_.device->api(); }
    Machine& machine_;
    VkQueryPool pool_ = nullptr;
};

/// `count` calls of record(writer, index), a barrier before each, timed as one.
class TimedCommands {
public:
    template<class Record>
    TimedCommands(Machine& machine, int count, Record&& record)
        : machine_(machine), watch_(machine), count_(count) {
        CommandWriter writer(machine, 0);
        writer.resetQueries(watch_.pool(), 2);
        writer.barrier();
        writer.timestamp(watch_.pool(), 0);
        for (int i = 0; i < count; ++i) {
            writer.barrier();
            record(writer, i);
        }
        writer.barrier();
        writer.timestamp(watch_.pool(), 1);
        commands_ = writer.finish();
    }
    ~TimedCommands() {
        for (VkCommandBuffer commands : commands_)
            machine_.device->freeCommands(commands);
    }
    TimedCommands(const TimedCommands&) = delete;
    TimedCommands& operator=(const TimedCommands&) = delete;

    /// Microseconds of one call, once a submission.
    [[nodiscard]] std::vector<double> run(double seconds) const {
        std::vector<double> times;
        const auto begin = std::chrono::steady_clock::now();
        const auto elapsed = [&] {
            return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
        };
        // Some devices generate code at the first run; all need a while to raise their clocks.
        do
            machine_.device->run(commands_.front(), "a benchmark");
        while (machine_.device->info().isGpu() && elapsed() < warmUpSeconds);
        while (times.size() < 5 || elapsed() < warmUpSeconds + seconds) {
            machine_.device->run(commands_.front(), "a benchmark");
            times.push_back(watch_.microseconds() / count_);
        }
        return times;
    }

private:
    Machine& machine_;
    Stopwatch watch_;
    int count_;
    std::vector<VkCommandBuffer> commands_;
};

class VulkanBench final : public ProductBench {
public:
    explicit VulkanBench(const VulkanOptions& options)
        : machine_(options), reference_(makeReferenceBackend()) {}

    [[nodiscard]] BackendInfo info() const override {
        return {"vulkan", machine_.device->info().name, machine_.device->info().driver, 0};
    }
    [[nodiscard]] double roof() override;
    [[nodiscard]] BenchResult run(const BenchCase& what) override {
        return measure(what, false).front();
    }
    [[nodiscard]] std::vector<BenchResult> runEveryVariant(const BenchCase& what) override {
        return measure(what, true);
    }

private:
    [[nodiscard]] std::vector<BenchResult> measure(const BenchCase& what, bool everyVariant);

    Machine machine_;
    std::unique_ptr<Backend> reference_;
    double roof_ = 0;
};

/// Bytes read and written per second by a copy within the device's memory.
double VulkanBench::roof() {
    if (roof_ > 0)
        return roof_;
    const std::int64_t bytes =
        std::min(machine_.device->info().isGpu() ? gpuRoofBytes : softwareRoofBytes,
                 machine_.memory.largestPiece());
    const Piece from = machine_.memory.take(bytes);
    const Piece to = machine_.memory.take(bytes);
    struct Push {
        Address from, to;
        std::uint32_t quads;
    };
    constexpr std::uint32_t groups = 4096;
    const TimedCommands copies(machine_, 5, [&](CommandWriter& writer, int) {
        writer.bind("copy", 256, {});
        writer.push(Push{from.address(), to.address(), static_cast<std::uint32_t>(bytes / 16)});
        writer.dispatch(groups);
    });
    const auto times = copies.run(0.1);
    roof_ = 2 * static_cast<double>(bytes) * 1e-3 / *std::ranges::min_element(times);
    return roof_;
}

/// The same product through the public interface of any backend.
std::vector<float> exactProduct(Backend& backend, const HostLinear& rows,
                                const std::vector<float>& x, int bits) {
    HostInput identity;
    identity.cols = rows.cols;
    const auto weight = backend.upload(rows);
    const auto input = backend.upload(identity);
    const auto columns = static_cast<int>(static_cast<std::int64_t>(x.size()) / rows.cols);
    Buffer in;
    Buffer out;
    const auto plan = backend.record(
        [&](Recorder& recorder) {
            in = recorder.buffer(rows.cols);
            out = recorder.buffer(rows.rows);
            const LinearTarget target{weight.get(), out, false};
            recorder.linear(recorder.prepare({}, *input, in, bits), {&target, 1});
        },
        columns);
    plan->write(in, x);
    const std::vector<std::int32_t> tokens(static_cast<std::size_t>(columns), 0);
    backend.run(*plan, {tokens});
    return plan->read(out, columns);
}

std::vector<BenchResult> VulkanBench::measure(const BenchCase& what, bool everyVariant) {
    const BenchOperands operands(what);
    const int bits = benchBits(what.format);
    const std::int64_t copies =
        what.cold ? std::min(coldBytes / operands.weightBytes() + 2, mostCopies) : 1;
    std::deque<DeviceWeights> weights;
    for (std::int64_t copy = 0; copy < copies; ++copy)
        weights.emplace_back(operands.linear, machine_);
    HostInput identity;
    identity.cols = what.cols;
    const DeviceInputs input(identity, machine_);
    VulkanPlan plan(machine_, what.columns);
    VulkanRecorder recorder(plan);
    const Buffer in = recorder.buffer(what.cols);
    const Buffer out = recorder.buffer(what.rows);
    const Prepared prepared = recorder.prepare({}, input, in, bits);
    const LinearTarget first{&weights.front(), out, false};
    recorder.linear(prepared, {&first, 1});
    plan.encode();
    const ProductCase product{benchKind(what.format),
                              bits < 16,
                              plan.prepared(prepared).scaled,
                              what.rows,
                              what.cols,
                              what.columns};
    const Capabilities& capabilities = machine_.device->capabilities();
    const auto bytes = static_cast<double>(operands.weightBytes());
    const int count = std::clamp(static_cast<int>(bytesPerSubmission / bytes / what.columns), 4,
                                 machine_.device->info().isGpu() ? mostProducts : 4);
    const ExpectedRows expected(operands, [&](const HostLinear& rows) {
        return exactProduct(*reference_, rows, operands.x, bits);
    });
    std::vector<BenchResult> results;
    for (const ProductShape& shape : everyVariant
                                         ? productShapes(capabilities, product)
                                         : std::vector{productShape(capabilities, product)}) {
        const TimedCommands timed(machine_, count, [&](CommandWriter& writer, int i) {
            const auto copy = static_cast<std::size_t>(i) % weights.size();
            encodeProduct(plan, writer, plan.prepared(prepared),
                          {&weights[copy], plan.address(out), what.rows, false, false, &shape});
        });
        plan.write(in, operands.x);
        const std::vector<std::int32_t> tokens(static_cast<std::size_t>(what.columns), 0);
        plan.run({tokens}, {}); // prepares the input and says how many rows there are
        plan.write(out, std::vector<float>(static_cast<std::size_t>(what.rows * what.columns)));
        BenchResult& result = results.emplace_back();
        summarize(timed.run(what.seconds), what.cold, result);
        result.weightBytes = static_cast<double>(weights.front().bytes());
        result.gbPerSecond = result.weightBytes * 1e-3 / result.us;
        result.roofShare = result.gbPerSecond / roof();
        result.variant = shape.text();
        const bool halfInputs = shape.shader.starts_with("matrix_f16");
        result.verified = expected.agree(plan.read(out, what.columns), halfInputs ? 1e-3 : 1e-5);
    }
    return results;
}

} // namespace
} // namespace vulkan

std::unique_ptr<ProductBench> makeVulkanBench(const VulkanOptions& options) {
    return std::make_unique<vulkan::VulkanBench>(options);
}

} // namespace bwla
