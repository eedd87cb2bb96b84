// SPDX-License-Identifier: GPL-3.0-or-later
//
// Products timed by the device's own clock: a command buffer of many of them between two
// timestamps, a barrier between neighbours so that none overlap, input prepared before.
#include "kernels/bench_operands.h"
#include "kernels/vulkan/product_rig.h"
#include "kernels/vulkan/timed_commands.h"

#include <algorithm>
#include <deque>
#include <utility>

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
    [[nodiscard]] std::vector<ProductShape> shapes(const ProductCase& what, bool everyVariant);

    Machine machine_;
    std::unique_ptr<Backend> reference_;
    double roof_ = 0;
};

double VulkanBench::roof() {
    if (roof_ == 0)
        roof_ = copyRoof(machine_,
                         machine_.device->info().isGpu() ? gpuRoofBytes : softwareRoofBytes, 0.1);
    return roof_;
}

/// All that there are, or the one in use.
std::vector<ProductShape> VulkanBench::shapes(const ProductCase& what, bool everyVariant) {
    const Capabilities& capabilities = machine_.device->capabilities();
    if (everyVariant)
        return productShapes(capabilities, what);
    return {machine_.choice.measured(machine_, what, productShape(capabilities, what))};
}

std::vector<BenchResult> VulkanBench::measure(const BenchCase& what, bool everyVariant) {
    const BenchOperands operands(what);
    const int bits = benchBits(what.format);
    const std::int64_t copies =
        what.cold ? std::min(coldBytes / operands.weightBytes() + 2, mostCopies) : 1;
    std::deque<DeviceWeights> weights;
    for (std::int64_t copy = 0; copy < copies; ++copy)
        weights.emplace_back(operands.linear, machine_);
    ProductRig rig(machine_, std::move(weights), bits, what.columns);
    const auto bytes = static_cast<double>(operands.weightBytes());
    const int count = std::clamp(static_cast<int>(bytesPerSubmission / bytes / what.columns), 4,
                                 machine_.device->info().isGpu() ? mostProducts : 4);
    const ExpectedRows expected(operands, [&](const HostLinear& rows) {
        return exactProduct(*reference_, rows, operands.x, bits);
    });
    std::vector<BenchResult> results;
    for (const ProductShape& shape : shapes(rig.what(), everyVariant)) {
        const TimedCommands timed(
            machine_, count, [&](CommandWriter& writer, int i) { rig.encode(writer, shape, i); });
        rig.prepare(operands.x);
        rig.clear();
        BenchResult& result = results.emplace_back();
        summarize(timed.run(what.seconds), what.cold, result);
        result.weightBytes = static_cast<double>(rig.weight().bytes());
        result.gbPerSecond = result.weightBytes * 1e-3 / result.us;
        result.roofShare = result.gbPerSecond / roof();
        result.variant = shape.text();
        for (const KernelUse& use : machine_.choice.report().uses)
            if (use.kernel == result.variant) {
                result.chosen = use.measured;
                result.candidates = use.candidates;
            }
        result.verified = expected.agree(rig.out(), toleranceOf(shape));
    }
    return results;
}

} // namespace
} // namespace vulkan

std::unique_ptr<ProductBench> makeVulkanBench(const VulkanOptions& options) {
    return std::make_unique<vulkan::VulkanBench>(options);
}

} // namespace bwla
