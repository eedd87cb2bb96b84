// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "kernels/cpu/host_plan.h"

namespace bwla {

/// Backend on the processor: the kernels of a table, run as closures on a pool.
class HostBackend final : public Backend {
public:
    /// threads >= 1; cacheType f32, f16 or rowInt8.
    HostBackend(BackendInfo info, KernelTable kernels, int threads, WeightKind cacheType);

    [[nodiscard]] KernelReport kernelReport() const override;
    [[nodiscard]] BackendInfo info() const override { return info_; }
    [[nodiscard]] std::unique_ptr<Linear> upload(const HostLinear& linear) override;
    [[nodiscard]] std::unique_ptr<Input> upload(const HostInput& input) override;
    [[nodiscard]] std::unique_ptr<KvCache> kvCache(const KvShape& shape) override;
    [[nodiscard]] std::unique_ptr<Plan> record(const Forward& forward, int batch) override;
    bool run(Plan& plan, const Step& step, std::stop_token stop) override;

    [[nodiscard]] const KernelTable& kernels() const { return machine_.kernels; }

private:
    BackendInfo info_;
    HostMachine machine_;
    WeightMemory memory_;
};

} // namespace bwla
