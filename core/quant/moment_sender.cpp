// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/moment_sender.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace bwla {

MomentSender::MomentSender(GroupKind kind, std::int64_t outputs,
                           const std::function<void(const FitMoment&)>& listener)
    : kind_(kind), listener_(listener) {
    const std::int64_t count = std::min(outputs, tracedRows);
    for (std::int64_t i = 0; i < count; ++i)
        rowIndex_.push_back(i * outputs / count);
}

Matrix MomentSender::sampledRows(const Matrix& w) const {
    const at::Tensor index = at::tensor(at::ArrayRef<std::int64_t>(rowIndex_), at::kLong);
    return Matrix(w.tensor().index_select(0, index.to(w.tensor().device())));
}

void MomentSender::send(FitStage stage, const Matrix& w) const {
    if (!listening())
        return;
    const std::vector<float> rows = sampledRows(w).toHost();
    FitMoment moment{.kind = kind_, .stage = stage, .cols = w.cols()};
    moment.rowIndex = rowIndex_;
    moment.rows = rows;
    listener_(moment);
}

void MomentSender::sendRotation(const Matrix& target, const KroneckerRotation& rotation, int round,
                                int rounds, double objective) const {
    if (!listening())
        return;
    const std::vector<float> rows = rotateRows(sampledRows(target), rotation).toHost();
    const std::vector<float> a = rotation.r1.toHost(), b = rotation.r2.toHost();
    FitMoment moment{.kind = kind_,
                     .stage = FitStage::rotation,
                     .round = round,
                     .rounds = rounds,
                     .objective = objective,
                     .cols = target.cols()};
    moment.rowIndex = rowIndex_;
    moment.rows = rows;
    moment.factorA = a;
    moment.factorB = b;
    listener_(moment);
}

} // namespace bwla
