// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/registry.h"

#include "kernels/kernel_error.h"

#include <string>

namespace bwla {
namespace {

[[noreturn]] void noKernel(KernelVerb verb, WeightKind kind) {
    throw KernelError(KernelErrorCode::unsupported, "kernel registry",
                      "no kernel for verb " + std::to_string(static_cast<int>(verb)) + ", kind " +
                          std::to_string(static_cast<int>(kind)));
}

} // namespace

std::span<const Kernel> allKernels() {
    static const std::vector<Kernel> all = [] {
        std::vector<Kernel> joined;
        for (const auto list :
             {referenceKernels(), portableKernels(), avx2Kernels(), avx512Kernels()})
            joined.insert(joined.end(), list.begin(), list.end());
        return joined;
    }();
    return all;
}

bool canRun(const Kernel& kernel, const CpuFeatures& features) {
    return kernel.level <= bestLevel(features);
}

const Kernel& scalarTwin(KernelVerb verb, WeightKind kind) {
    for (const Kernel& kernel : referenceKernels())
        if (kernel.verb == verb && kernel.kind == kind)
            return kernel;
    noKernel(verb, kind);
}

KernelTable::KernelTable(CpuLevel level, const CpuFeatures& features) : level_(level) {
    const auto pick = [&](KernelVerb verb, WeightKind kind, auto&& accepts) -> const Kernel* {
        const Kernel* best = nullptr;
        for (const Kernel& kernel : allKernels())
            if (kernel.verb == verb && kernel.kind == kind && kernel.level <= level &&
                canRun(kernel, features) && accepts(kernel))
                best = &kernel;
        return best;
    };
    const auto any = [](const Kernel&) { return true; };
    const Kernel* signs = pick(KernelVerb::linearQuantized, WeightKind::binary, any);
    binaryLayout_ = std::get<LinearKernel>(signs->body).layout;
    for (const Kernel& twin : referenceKernels()) {
        const bool signsToo =
            twin.verb == KernelVerb::linearFloat && twin.kind == WeightKind::binary;
        const auto sameLayout = [&](const Kernel& kernel) {
            return std::get<LinearKernel>(kernel.body).layout == binaryLayout_;
        };
        const Kernel* best =
            signsToo ? pick(twin.verb, twin.kind, sameLayout) : pick(twin.verb, twin.kind, any);
        if (best == nullptr)
            noKernel(twin.verb, twin.kind);
        chosen_.push_back(best);
        byVerb_[std::size_t(twin.verb)][std::size_t(twin.kind)] = best;
    }
}

const Kernel& KernelTable::kernel(KernelVerb verb, WeightKind kind) const {
    const Kernel* kernel = byVerb_[std::size_t(verb)][std::size_t(kind)];
    if (kernel == nullptr)
        noKernel(verb, kind);
    return *kernel;
}

} // namespace bwla
