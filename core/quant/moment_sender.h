// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/quant/fit_trace.h"
#include "core/quant/rotation.h"

#include <functional>
#include <vector>

namespace bwla {

/// Turns a group's states into FitMoments for whoever listens; without a listener every call
/// returns at once.
class MomentSender {
public:
    MomentSender(GroupKind kind, std::int64_t outputs,
                 const std::function<void(const FitMoment&)>& listener);

    /// A single moment; `w` (outputs, m) in the frame of the stage.
    void send(FitStage stage, const Matrix& w) const;
    /// A round of OKT on `target`; `objective` per weight.
    void sendRotation(const Matrix& target, const KroneckerRotation& rotation, int round,
                      int rounds, double objective) const;
    [[nodiscard]] bool listening() const { return static_cast<bool>(listener_); }

private:
    [[nodiscard]] Matrix sampledRows(const Matrix& w) const;

    GroupKind kind_;
    std::vector<std::int64_t> rowIndex_;
    const std::function<void(const FitMoment&)>& listener_;
};

} // namespace bwla
