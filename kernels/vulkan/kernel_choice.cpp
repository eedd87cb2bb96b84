// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/vulkan/kernel_choice.h"

#include "kernels/kernel_error.h"
#include "kernels/vulkan/device.h"
#include "kernels/vulkan/kernel_trial.h"
#include "kernels/vulkan/pipelines.h"
#include "kernels/vulkan/timed_commands.h"

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <utility>

namespace bwla::vulkan {
namespace {

constexpr auto failedFact = "failed ", roofFact = "roof", checkedFact = "checked";

std::string caseText(const ProductCase& what) {
    return productKindName(what) + " " + std::to_string(what.rows) + " x " +
           std::to_string(what.cols) + ", " + std::to_string(what.batch) +
           (what.batch == 1 ? " row" : " rows");
}

std::string keyOf(const ProductCase& what, const ProductShape& standard) {
    return caseText(what) + (what.scaled ? ", scaled" : "") +
           (standard.decodeOnly ? ", joined" : "");
}

/// What the memory's facts are true of.
std::string keyOf(const Device& device) {
    const Capabilities& c = device.capabilities();
    std::ostringstream key;
    key << device.info().uuid << " | " << device.info().name << " | " << c.driverId << " | "
        << shaderFingerprint() << " | " << c.subgroupSize << c.subgroupArithmetic
        << c.subgroupShuffle << c.integerDot << c.waitingGroups << c.matrixLevels << c.matrixHalves
        << " " << c.allocationBytes << " " << c.invocations << " " << c.sharedBytes;
    std::string text = key.str();
    std::ranges::replace_if(
        text, [](char one) { return one == '\n' || one == '\r'; }, ' ');
    return text;
}

std::string memoryFolder(const VulkanOptions& options) {
    return options.kernelCache ? *options.kernelCache : kernelCacheFolder();
}

bool readsHalves(const ProductShape& shape) {
    return toleranceOf(shape) > 1e-4;
}

/// A group of kernels and whether the device has what it needs.
std::vector<KernelMissing> lacking(const Capabilities& c) {
    std::vector<KernelMissing> missing;
    const auto note = [&](bool has, const char* name) {
        if (!has)
            missing.push_back({name, false, ""});
    };
    note(c.subgroupArithmetic, "subgroup arithmetic");
    note(c.subgroupShuffle, "subgroup shuffles");
    note(c.integerDot, "packed dot product");
    note(c.waitingGroups, "waiting workgroups");
    note(c.matrixLevels, "matrix units for levels");
    note(c.matrixHalves, "matrix units for halves");
    return missing;
}

} // namespace

KernelMode kernelMode(const VulkanOptions& options, const VulkanDeviceInfo& info) {
    if (options.kernels != KernelMode::automatic)
        return options.kernels;
    const char* variable = std::getenv("BWLA_KERNELS");
    const std::string mode = variable != nullptr ? variable : "";
    if (mode.empty())
        return info.isGpu() ? KernelMode::measure : KernelMode::defaults;
    if (mode != "measure" && mode != "default")
        throw KernelError(KernelErrorCode::unknownOverride, "BWLA_KERNELS",
                          "\"" + mode + "\" is neither default nor measure");
    return mode == "measure" ? KernelMode::measure : KernelMode::defaults;
}

bool checksKernels(const VulkanOptions& options, const VulkanDeviceInfo& info) {
    return info.isGpu() || kernelMode(options, info) == KernelMode::measure;
}

KernelChoice::KernelChoice(const Device& device, const VulkanOptions& options)
    : device_(device), measures_(device.capabilities().timestamps &&
                                 kernelMode(options, device.info()) == KernelMode::measure),
      memory_(checksKernels(options, device.info()) ? memoryFolder(options) : "", keyOf(device)) {
    for (const auto& [name, value] : memory_.facts())
        if (name.starts_with(failedFact))
            disabled_[name.substr(std::string(failedFact).size())] = value;
}

std::vector<ProductShape> KernelChoice::candidates(const ProductCase& what,
                                                   const ProductShape& standard) const {
    std::vector<ProductShape> shapes{standard};
    for (const ProductShape& shape : productShapes(device_.capabilities(), what))
        if (shape.decodeOnly == standard.decodeOnly && shape.text() != standard.text() &&
            (readsHalves(standard) || !readsHalves(shape)))
            shapes.push_back(shape);
    std::erase_if(shapes, [&](const ProductShape& shape) { return isDisabled(shape.shader); });
    return shapes;
}

bool KernelChoice::recall(const std::string& key, const std::vector<ProductShape>& candidates,
                          Use& use) const {
    std::istringstream fact(memory_.fact(key));
    std::string shape;
    if (!(fact >> use.candidates >> use.gbPerSecond) || !std::getline(fact >> std::ws, shape))
        return false;
    for (const ProductShape& candidate : candidates)
        if (candidate.text() == shape) {
            use.shape = candidate;
            return use.measured = true;
        }
    return false;
}

ProductShape KernelChoice::choose(const ProductCase& what, const ProductShape& standard) {
    const std::string key = keyOf(what, standard);
    if (const auto known = uses_.find(key); known != uses_.end())
        return known->second.shape;
    const auto shapes = candidates(what, standard);
    if (shapes.empty())
        throw KernelError(KernelErrorCode::wrongResult, device_.info().name,
                          "no kernel for " + caseText(what) + " computes correctly on it");
    Use use{what, shapes.front(), false, 0, 0};
    if (measuring_)
        return use.shape;
    if (measures_ && !recall(key, shapes, use) && what.kind != WeightKind::f32)
        wanted_.push_back({key, what, shapes.front()});
    uses_[key] = use;
    return use.shape;
}

void KernelChoice::note(const ProductCase& what, const ProductShape& shape) {
    if (!measuring_)
        uses_.try_emplace(shape.shader + " " + caseText(what), Use{what, shape, false, 0, 0});
}

ProductShape KernelChoice::measured(Machine& machine, const ProductCase& what,
                                    const ProductShape& standard) {
    const ProductShape shape = choose(what, standard);
    if (!lacks())
        return shape;
    measure(machine);
    return choose(what, standard);
}

void KernelChoice::measure(Machine& machine) {
    const auto wanted = std::exchange(wanted_, {});
    try {
        const Unmeasured guard(*this);
        measureAll(machine, wanted);
    } catch (const KernelError& error) {
        // Too little memory, for instance: defaults will do.
        if (error.code() == KernelErrorCode::deviceLost ||
            error.code() == KernelErrorCode::wrongResult)
            throw;
    }
    memory_.save();
}

void KernelChoice::measureAll(Machine& machine, const std::vector<Wanted>& wanted) {
    KernelTrials trials(machine);
    for (const Wanted& one : wanted)
        trials.add(one.what, candidates(one.what, one.standard));
    if (const double roof = trials.run(memory_.fact(roofFact).empty()); roof > 0)
        memory_.set(roofFact, std::to_string(roof));
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const TrialResult best =
            trials.best(i, [&](const ProductShape& shape, const std::string& detail) {
                disable(shape.shader, detail);
            });
        Use& use = uses_[wanted[i].key];
        use.what = wanted[i].what;
        use.shape = best.shape;
        use.measured = true;
        use.candidates = best.candidates;
        use.gbPerSecond = best.gbPerSecond;
        memory_.set(wanted[i].key, std::to_string(best.candidates) + " " +
                                       std::to_string(best.gbPerSecond) + " " + best.shape.text());
    }
}

void KernelChoice::disable(const std::string& shader, const std::string& detail) {
    disabled_[shader] = detail;
    memory_.set(failedFact + shader, detail);
    std::erase_if(uses_, [&](const auto& use) { return use.second.shape.shader == shader; });
}

bool KernelChoice::isDisabled(const std::string& shader) const {
    return disabled_.contains(shader);
}

void KernelChoice::avoid(const std::string& group, const std::string& detail) {
    avoided_[group] = detail;
}

void KernelChoice::setChecked() {
    memory_.set(checkedFact, "yes");
    memory_.save();
}

bool KernelChoice::checked() const {
    return !memory_.fact(checkedFact).empty();
}

KernelReport KernelChoice::report() const {
    KernelReport report;
    for (const auto& [key, use] : uses_)
        report.uses.push_back(
            {caseText(use.what), use.shape.text(), use.measured, use.candidates, use.gbPerSecond});
    for (KernelMissing& missing : lacking(device_.capabilities()))
        if (std::ranges::none_of(avoided_, [&](const auto& avoided) {
                return missing.kernel.starts_with(avoided.first);
            }))
            report.missing.push_back(std::move(missing));
    for (const auto& failed : {disabled_, avoided_})
        for (const auto& [name, detail] : failed)
            report.missing.push_back({name, true, detail});
    report.checked = checked();
    const std::string roof = memory_.fact(roofFact);
    report.roof = roof.empty() ? 0 : std::strtod(roof.c_str(), nullptr);
    report.rememberedIn = memory_.file();
    return report;
}

} // namespace bwla::vulkan
