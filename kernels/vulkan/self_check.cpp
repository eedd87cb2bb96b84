// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/vulkan/self_check.h"

#include "kernels/backend_check.h"
#include "kernels/operands.h"
#include "kernels/vulkan/product_rig.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

namespace bwla::vulkan {
namespace {

/// Keys and values in 8 bits are so far from the reference's float32.
constexpr double byteTolerance = 2e-2;

std::string wrongVerb(Backend& backend, bool byteCache) {
    const auto reference = makeReferenceBackend();
    for (BackendCase& what : backendCases()) {
        const bool attends = what.name.starts_with("attend");
        if (!what.quick || (attends && byteCache && what.name.ends_with(" 6"))) // unsupported
            continue;
        if (attends && byteCache)
            what.tolerance = byteTolerance;
        const KernelCheck check = checkBackend(backend, *reference, what);
        if (!check.ok)
            return check.kernel + ": " + check.detail;
    }
    return {};
}

/// Runs the first shape of every shader that can compute one product; those that are wrong are
/// disabled, unless all are: then what they read is.
void checkShaders(Machine& machine, Backend& reference, WeightKind kind, int bits, int batch) {
    constexpr std::int64_t rows = 150;
    constexpr std::int64_t cols = 575;
    const HostLinear host = randomLinear(kind, rows, cols, 3);
    const auto x = randomFloats(cols * batch, 4);
    std::deque<DeviceWeights> weights;
    weights.emplace_back(host, machine);
    ProductRig rig(machine, std::move(weights), bits, batch);
    rig.prepare(x);
    const auto expected = exactProduct(reference, host, x, bits);
    double largest = 0;
    for (const float value : expected)
        largest = std::max(largest, std::abs(double{value}));
    std::set<std::string> seen;
    std::vector<std::pair<std::string, double>> wrong;
    for (const ProductShape& shape : productShapes(machine.device->capabilities(), rig.what())) {
        if (!seen.insert(shape.shader).second)
            continue;
        rig.clear();
        CommandWriter writer(machine, 0);
        rig.encode(writer, shape, 0);
        for (VkCommandBuffer commands : writer.finish()) {
            machine.device->run(commands, "a check");
            machine.device->freeCommands(commands);
        }
        const auto out = rig.out();
        double worst = 0;
        for (std::size_t i = 0; i < out.size(); ++i) {
            const double error = std::abs(double{out[i]} - expected[i]) / largest;
            worst = error <= worst ? worst : error; // NaN counts
        }
        if (!(worst <= toleranceOf(shape)))
            wrong.emplace_back(shape.shader, worst);
    }
    if (wrong.size() < seen.size())
        for (const auto& [shader, worst] : wrong)
            machine.choice.disable(shader, "differs by " + std::to_string(worst));
}

void checkEveryShader(Machine& machine) {
    const auto reference = makeReferenceBackend();
    for (const auto& [kind, bits] : {std::pair{WeightKind::f32, 16},
                                     {WeightKind::f16, 16},
                                     {WeightKind::rowInt8, 16},
                                     {WeightKind::binary, 16},
                                     {WeightKind::binary, 6},
                                     {WeightKind::binary, 8}})
        for (const int batch : {1, 33})
            checkShaders(machine, *reference, kind, bits, batch);
}

} // namespace

const std::vector<KernelGroup>& kernelGroups() {
    static const std::vector<KernelGroup> groups = {
        {"waiting workgroups", &VulkanMask::waitingGroups},
        {"matrix units", &VulkanMask::matrices},
        {"packed dot product", &VulkanMask::integerDot},
        {"subgroup arithmetic", &VulkanMask::subgroupArithmetic}};
    return groups;
}

std::string selfCheck(Backend& backend, Machine& machine) {
    const KernelChoice::Unmeasured guard(machine.choice);
    const bool byteCache = machine.cacheType == WeightKind::rowInt8;
    std::string wrong = wrongVerb(backend, byteCache);
    if (wrong.empty())
        return wrong;
    checkEveryShader(machine);
    return wrongVerb(backend, byteCache);
}

} // namespace bwla::vulkan
