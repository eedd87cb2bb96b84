// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/stored_fit.h"

#include "core/quant/low_rank.h"
#include "core/quant/row_sweeps.h"

#include <ATen/ATen.h>

#include <cmath>
#include <cstring>

namespace bwla {
namespace {

at::Tensor roundToHalf(const at::Tensor& x) {
    return x.to(at::kHalf).to(x.scalar_type());
}

std::vector<std::uint16_t> halfBits(const at::Tensor& x) {
    const at::Tensor host = x.to(at::kCPU, at::kHalf).contiguous();
    std::vector<std::uint16_t> bits(static_cast<std::size_t>(host.numel()));
    std::memcpy(bits.data(), host.data_ptr(), bits.size() * sizeof(std::uint16_t));
    return bits;
}

std::vector<std::int8_t> int8Values(const at::Tensor& x) {
    const at::Tensor host = x.to(at::kCPU, at::kChar).contiguous();
    const auto* data = host.data_ptr<std::int8_t>();
    return {data, data + host.numel()};
}

/// x ~ int8 * scale along `dim`; scale a half, at least the smallest normal one.
struct Int8 {
    at::Tensor values; // same type as x, integers -127..127
    at::Tensor scale;
    explicit Int8(const at::Tensor& x, int dim) {
        scale = roundToHalf((std::get<0>(x.abs().max(dim, true)) / 127.0).clamp_min(6.2e-5));
        values = at::round(x / scale).clamp(-127, 127);
    }
    [[nodiscard]] at::Tensor dequantized() const { return values * scale; }
};

std::vector<std::uint32_t> packSigns(const at::Tensor& signs) {
    const at::Tensor host = (signs > 0).to(at::kCPU, at::kByte).contiguous();
    const std::int64_t rows = host.size(0), cols = host.size(1);
    const std::int64_t words = HostLinear::wordsPerRow(cols);
    std::vector<std::uint32_t> packed(static_cast<std::size_t>(rows * words), 0U);
    const auto* bit = host.data_ptr<std::uint8_t>();
    for (std::int64_t i = 0; i < rows; ++i)
        for (std::int64_t j = 0; j < cols; ++j, ++bit)
            packed[i * words + j / 32] |= static_cast<std::uint32_t>(*bit) << (j % 32);
    return packed;
}

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

BinaryFit storeFit(const Matrix& y, const Matrix& h, const BinaryFit& fit,
                   const std::vector<std::int64_t>& outputs, const StoredFitSettings& settings,
                   QuantizedGroup& group) {
    group.cols = y.cols();
    group.linears.assign(outputs.size(), {});
    const std::vector<std::int64_t> order = columnOrder(h);

    BinaryFit stored = fit;
    stored.columnScale = Matrix(roundToHalf(fit.columnScale.tensor()));
    if (settings.columnScales)
        group.inputScale = halfBits(stored.columnScale.tensor().flatten());
    MetricState state(y, h, stored);
    if (!stored.lowRankA.empty()) {
        state = state.withLowRank(choleskyFactor(h), settings.rank);
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
