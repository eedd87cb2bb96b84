// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/stored_fit.h"

#include "core/quant/storage_types.h"

#include <ATen/ATen.h>

namespace bwla {
namespace {

/// Factors of equal size, so that both scales stay in the normal range of a half.
void balance(at::Tensor& a, at::Tensor& b) {
    const at::Tensor sizeA = std::get<0>(a.abs().max(0)), sizeB = std::get<0>(b.abs().max(1));
    const at::Tensor gain = at::sqrt(sizeB.clamp_min(1e-20) / sizeA.clamp_min(1e-20));
    a = a * gain;
    b = b / gain.unsqueeze(1);
}

/// Stores the low-rank part of `fit` and replaces it by what was stored.
void storeLowRank(BinaryFit& fit, const std::vector<std::int64_t>& outputs, QuantizedGroup& group) {
    at::Tensor a = fit.lowRankA.tensor(), b = fit.lowRankB.tensor() / fit.columnScale.tensor();
    balance(a, b);
    const Int8 storedB(b, 1);
    group.rank = a.size(1);
    group.lowRankB = int8Values(storedB.values);
    group.lowRankBScale = halfBits(storedB.scale.flatten());
    std::vector<at::Tensor> parts;
    std::int64_t row = 0;
    for (std::size_t i = 0; i < outputs.size(); row += outputs[i++]) {
        const Int8 storedA(a.narrow(0, row, outputs[i]), 0);
        group.linears[i].lowRankA = int8Values(storedA.values);
        group.linears[i].lowRankAScale = halfBits(storedA.scale.flatten());
        parts.push_back(storedA.dequantized());
    }
    fit.lowRankA = Matrix(at::cat(parts));
    fit.lowRankB = Matrix((storedB.dequantized() * fit.columnScale.tensor()).contiguous());
}

void storeRows(const BinaryFit& fit, const std::vector<std::int64_t>& outputs,
               QuantizedGroup& group) {
    std::int64_t row = 0;
    for (std::size_t i = 0; i < outputs.size(); row += outputs[i++]) {
        QuantizedLinear& linear = group.linears[i];
        linear.rows = outputs[i];
        linear.signs = packSigns(fit.signs.tensor().narrow(0, row, outputs[i]));
        linear.scale = halfBits(fit.rowScale.tensor().narrow(0, row, outputs[i]).flatten());
        if (!fit.rowMean.empty())
            linear.mean = halfBits(fit.rowMean.tensor().narrow(0, row, outputs[i]).flatten());
    }
}

} // namespace

BinaryFit storeFit(const Matrix& y, const InputMetric& h, const BinaryFit& fit,
                   const std::vector<std::int64_t>& outputs, const StoredFitSettings& settings,
                   QuantizedGroup& group) {
    group.cols = y.cols();
    group.linears.assign(outputs.size(), {});
    const std::vector<std::int64_t> order = h.order(y.cols());

    BinaryFit stored = fit;
    stored.columnScale = Matrix(roundToHalf(fit.columnScale.tensor()));
    if (settings.columnScales)
        group.inputScale = halfBits(stored.columnScale.tensor().flatten());
    MetricState state(y, h, stored);
    if (!stored.lowRankA.empty()) {
        state = state.withLowRank(settings.rank);
        stored = state.fit();
        storeLowRank(stored, outputs, group);
        state = state.with(stored).withFlips(order, settings.sweeps);
    }
    if (!stored.rowMean.empty()) {
        stored = state.withRowMeans().fit();
        stored.rowMean = Matrix(roundToHalf(stored.rowMean.tensor()));
        state = state.with(stored);
    }
    stored = state.withRowScales().fit();
    stored.rowScale = Matrix(roundToHalf(stored.rowScale.tensor()).clamp_min(6e-8));
    stored = state.with(stored).withFlips(order, settings.sweeps).fit();
    storeRows(stored, outputs, group);
    return stored;
}

} // namespace bwla
