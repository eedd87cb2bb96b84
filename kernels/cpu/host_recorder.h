// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "kernels/cpu/host_plan.h"

namespace bwla {

/// Turns verbs into closures of a HostPlan.
class HostRecorder final : public Recorder {
public:
    explicit HostRecorder(HostPlan& plan) : plan_(plan) {}

    Buffer buffer(std::int64_t cols) override { return plan_.addBuffer(cols); }
    void embed(const Linear& table, Buffer out) override;
    Prepared prepare(const NormSpec& norm, const Input& input, Buffer x, int bits) override;
    void linear(Prepared x, std::span<const LinearTarget> targets) override;
    void attend(const AttendSpec& spec, Buffer q, Buffer k, Buffer v, Buffer out) override;
    void gate(Buffer gate, Buffer up, Buffer out) override;
    void head(const NormSpec& norm, const Linear& table, Buffer x, HeadRows rows) override;

private:
    HostPlan& plan_;
};

} // namespace bwla
