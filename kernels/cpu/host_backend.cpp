// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/cpu/host_backend.h"

#include "kernels/cpu/host_recorder.h"

#include <array>
#include <utility>

namespace bwla {

HostBackend::HostBackend(BackendInfo info, KernelTable kernels, int threads, WeightKind cacheType)
    : info_(std::move(info)), machine_{std::move(kernels), ThreadPool(threads), cacheType} {
    info_.threads = machine_.pool.threads();
}

/// Products and attention, by the table: the best of this processor's level.
KernelReport HostBackend::kernelReport() const {
    constexpr std::array<const char*, 4> kinds = {"f32", "f16", "int8", "signs"};
    KernelReport report;
    for (const Kernel* kernel : machine_.kernels.chosen()) {
        const bool product =
            kernel->verb == KernelVerb::linearFloat || kernel->verb == KernelVerb::linearQuantized;
        const bool attends =
            kernel->verb == KernelVerb::attend && kernel->kind == machine_.cacheType;
        if (product || attends)
            report.uses.push_back(
                {.work = attends ? "attention"
                         : kernel->verb == KernelVerb::linearQuantized
                             ? "levels"
                             : kinds[static_cast<std::size_t>(kernel->kind)],
                 .kernel = std::string(levelName(kernel->level)) + " " + std::string(kernel->name),
                 .byProcessor = true});
    }
    return report;
}

std::unique_ptr<Linear> HostBackend::upload(const HostLinear& linear) {
    return std::make_unique<HostWeights>(linear, machine_.kernels.binaryLayout(), memory_);
}

std::unique_ptr<Input> HostBackend::upload(const HostInput& input) {
    return std::make_unique<HostInputs>(input);
}

std::unique_ptr<KvCache> HostBackend::kvCache(const KvShape& shape) {
    return std::make_unique<HostKvCache>(shape, machine_.cacheType);
}

std::unique_ptr<Plan> HostBackend::record(const Forward& forward, int batch) {
    if (batch < 1)
        throw KernelError(KernelErrorCode::badShape, "record", "a plan needs at least one row");
    auto plan = std::make_unique<HostPlan>(machine_, batch);
    HostRecorder recorder(*plan);
    forward(recorder);
    return plan;
}

bool HostBackend::run(Plan& plan, const Step& step, std::stop_token stop) {
    auto* own = dynamic_cast<HostPlan*>(&plan);
    if (own == nullptr || &own->machine() != &machine_)
        throw KernelError(KernelErrorCode::badShape, "run", "the plan belongs to another backend");
    return own->run(step, stop);
}

std::unique_ptr<Backend> makeReferenceBackend() {
    return std::make_unique<HostBackend>(BackendInfo{"reference", cpuName(), "scalar", 1},
                                         KernelTable(CpuLevel::reference, {}), 1, WeightKind::f32);
}

std::unique_ptr<Backend> makeCpuBackend(const CpuOptions& options) {
    const CpuFeatures features = detectCpuFeatures();
    const CpuLevel level = chosenLevel(features);
    const int threads = options.threads > 0 ? options.threads : physicalCores();
    return std::make_unique<HostBackend>(
        BackendInfo{"cpu", cpuName(), std::string(levelName(level)), threads},
        KernelTable(level, features), threads, cacheKind(options.cacheBits));
}

} // namespace bwla
