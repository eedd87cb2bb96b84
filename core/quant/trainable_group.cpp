// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/trainable_group.h"

#include "core/model/half.h"
#include "core/quant/cpu_ops.h"
#include "core/quant/fake_quantizer.h"
#include "core/quant/fused_ops.h"
#include "core/quant/rotation.h"
#include "core/quant/storage_types.h"
#include "core/quant/stored_linear.h"

#include <ATen/core/grad_mode.h>

namespace bwla {
namespace {

/// Of a latent that a training starts from. Training leaves undecided ones within 1e-3 of zero, and
/// the first steps of another would turn them all at once: the KL went from 1 to 11 nats.
constexpr double leastLatent = 0.05;

double rootMeanSquare(const at::Tensor& x) {
    return x.detach().square().mean().sqrt().item<double>();
}

std::vector<std::int64_t> rowsOf(const QuantizedGroup& group) {
    std::vector<std::int64_t> rows;
    for (const QuantizedLinear& linear : group.linears)
        rows.push_back(linear.rows);
    return rows;
}

/// Rows of all linears, each made by `part`, stacked on the device.
template<class Part>
at::Tensor stacked(const QuantizedGroup& group, const std::string& device, Part part) {
    std::vector<at::Tensor> parts;
    for (const QuantizedLinear& linear : group.linears)
        parts.push_back(part(linear));
    return at::cat(parts).to(at::Device(device));
}

} // namespace

TrainableGroup::TrainableGroup(const QuantizedGroup& stored, const TrainingPlace& place)
    : stored_(stored), place_(place), clipLow_(halfToFloat(stored.inputClip[0])),
      clipHigh_(halfToFloat(stored.inputClip[1])) {
    const std::string& device = place.device;
    if (stored.isKept()) {
        kept_ = StoredLinear(stored, device).weight().to(place.type);
        return;
    }
    if (stored.factorA.size > 0)
        rotation_ = TrainableRotation(stored, device, place.type, place.manyRows);
    signs_ = stacked(stored, device, [&](const QuantizedLinear& l) {
        return unpackSigns(l.signs, l.rows, stored.cols, device).to(place.type);
    });
    logRow_ = stacked(stored, device, [](const QuantizedLinear& l) {
        return fromHalves(l.scale).log().unsqueeze(1);
    });
    if (!stored.inputScale.empty())
        logColumn_ = fromHalves(stored.inputScale).log().to(at::Device(device));
    if (!stored.linears.front().mean.empty())
        mean_ = stacked(stored, device,
                        [](const QuantizedLinear& l) { return fromHalves(l.mean).unsqueeze(1); });
    if (stored.rank == 0)
        return;
    lowRankA_ = stacked(stored, device, [&](const QuantizedLinear& l) {
        return fromInt8(l.lowRankA, l.rows, stored.rank) * fromHalves(l.lowRankAScale);
    });
    lowRankB_ = (fromInt8(stored.lowRankB, stored.rank, stored.cols) *
                 fromHalves(stored.lowRankBScale).unsqueeze(1))
                    .to(at::Device(device));
}

void TrainableGroup::addTo(ParameterPool& pool, const TrainingRates& rates) const {
    if (isKept())
        return;
    pool.add(logRow_, rates.scales);
    if (logColumn_.defined())
        pool.add(logColumn_, rates.scales);
    if (rates.rotations > 0.0 && !rotation_.empty())
        rotation_.addTo(pool, rates.rotations);
    if (!lowRankA_.defined())
        return;
    pool.add(lowRankA_, rates.lowRank * rootMeanSquare(lowRankA_));
    pool.add(lowRankB_, rates.lowRank * rootMeanSquare(lowRankB_));
}

void TrainableGroup::addTo(LatentSigns& signs, const at::Tensor& weights, double spread) const {
    if (isKept())
        return;
    const at::NoGradGuard noGrad;
    if (latents_.defined()) {
        signs.add(signs_, latents_.to(at::kFloat).clamp_min(leastLatent));
        return;
    }
    at::Tensor rest = weights;
    if (stored_.factorA.size > 0)
        rest = rotateRows(Matrix(weights),
                          inverseTranspose({loadFactor(stored_.factorA, place_.device),
                                            loadFactor(stored_.factorB, place_.device)}))
                   .tensor();
    if (logColumn_.defined())
        rest = rest / logColumn_.exp();
    if (lowRankA_.defined())
        rest = rest - at::matmul(lowRankA_, lowRankB_);
    signs.add(signs_, (rest.abs() / logRow_.exp()).clamp(leastLatent, LatentSigns::bound) * spread);
}

std::vector<NamedLeaf> TrainableGroup::leaves() const {
    std::vector<NamedLeaf> leaves;
    for (const NamedLeaf& part : std::initializer_list<NamedLeaf>{{"row scales", logRow_},
                                                                  {"column scales", logColumn_},
                                                                  {"low rank A", lowRankA_},
                                                                  {"low rank B", lowRankB_},
                                                                  {"signs", signs_}})
        if (part.leaf.defined())
            leaves.push_back(part);
    return leaves;
}

at::Tensor TrainableGroup::quantized(const at::Tensor& x, int bits) const {
    const at::Tensor turned = rotation_.empty() ? x : rotation_.rotated(x);
    if (bits < 16 && logColumn_.defined() && fusable(turned))
        return fusedQuantize(turned, logColumn_, bits, clipLow_, clipHigh_);
    if (bits >= 16 && logColumn_.defined() && runsOnRows(turned))
        return rowsScaled(turned, logColumn_);
    at::Tensor scaled = logColumn_.defined() ? turned * logColumn_.exp() : turned.to(at::kFloat);
    if (bits < 16)
        scaled = fakeQuantize(scaled, bits, clipLow_, clipHigh_);
    return scaled.to(place_.type);
}

bool TrainableGroup::hasFusedWeight() const {
    return fusable(signs_) && !mean_.defined() && !rotation_.trains();
}

at::Tensor TrainableGroup::exactWeight() const {
    at::Tensor w = signs_.to(at::kFloat) * logRow_.exp();
    if (mean_.defined())
        w = w + mean_;
    return lowRankA_.defined() ? w + at::matmul(lowRankA_, lowRankB_) : w;
}

at::Tensor TrainableGroup::weight() const {
    if (hasFusedWeight())
        return fusedWeights({signs_, logRow_, {}, lowRankA_, lowRankB_});
    return exactWeight().to(place_.type);
}

at::Tensor TrainableGroup::foldedWeight() const {
    const auto turned = [&](const at::Tensor& w) {
        return rotation_.empty() ? w : rotation_.folded(w);
    };
    if (hasFusedWeight())
        return turned(fusedWeights({signs_, logRow_, logColumn_, lowRankA_, lowRankB_}));
    const at::Tensor w = exactWeight();
    return turned(logColumn_.defined() ? w * logColumn_.exp() : w).to(place_.type);
}

/// The same as x weight()', without that matrix or its gradient.
at::Tensor TrainableGroup::factored(const at::Tensor& x) const {
    if (runsOnRows(x) && !mean_.defined())
        return rowsBinaryLinear(x, signs_, logRow_, lowRankA_, lowRankB_);
    at::Tensor y = at::matmul(x, signs_.t()) * logRow_.exp().squeeze(1);
    if (mean_.defined())
        y = y + x.to(at::kFloat).sum(1, true) * mean_.squeeze(1);
    if (lowRankA_.defined())
        y = y +
            at::matmul(at::matmul(x, lowRankB_.to(place_.type).t()), lowRankA_.to(place_.type).t());
    return y.to(place_.type);
}

at::Tensor TrainableGroup::operator()(const at::Tensor& x, int bits) const {
    if (isKept())
        return at::matmul(x, kept_.t());
    if (bits >= 16 && place_.manyRows)
        return at::matmul(x, foldedWeight().t());
    const at::Tensor prepared = quantized(x, bits);
    if (place_.manyRows)
        return at::matmul(prepared, weight().t());
    return factored(prepared);
}

QuantizedGroup TrainableGroup::stored() const {
    if (isKept())
        return stored_;
    const at::NoGradGuard noGrad;
    QuantizedGroup group = stored_;
    rotation_.store(group);
    // The smallest half keeps a vanished scale positive.
    const at::Tensor rowScale = logRow_.exp().clamp_min(6e-8);
    if (logColumn_.defined())
        group.inputScale = halfBits(logColumn_.exp());
    if (lowRankB_.defined()) {
        const Int8 b(lowRankB_, 1);
        group.lowRankB = int8Values(b.values);
        group.lowRankBScale = halfBits(b.scale.flatten());
    }
    std::int64_t row = 0;
    const std::vector<std::int64_t> rows = rowsOf(group);
    for (std::size_t i = 0; i < rows.size(); row += rows[i++]) {
        QuantizedLinear& linear = group.linears[i];
        linear.signs = packSigns(signs_.narrow(0, row, rows[i]));
        linear.scale = halfBits(rowScale.narrow(0, row, rows[i]).flatten());
        if (!lowRankA_.defined())
            continue;
        const Int8 a(lowRankA_.narrow(0, row, rows[i]), 0);
        linear.lowRankA = int8Values(a.values);
        linear.lowRankAScale = halfBits(a.scale.flatten());
    }
    return group;
}

} // namespace bwla
