// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/stored_linear.h"

#include "core/quant/storage_types.h"

namespace bwla {
namespace {

at::Tensor linearWeight(const QuantizedLinear& linear, const QuantizedGroup& group,
                        const std::string& device) {
    const at::Device there(device);
    at::Tensor w = unpackSigns(linear.signs, linear.rows, group.cols, device) *
                   fromHalves(linear.scale).to(there).unsqueeze(1);
    if (!linear.mean.empty())
        w = w + fromHalves(linear.mean).to(there).unsqueeze(1);
    if (group.rank == 0)
        return w;
    const at::Tensor a =
        fromInt8(linear.lowRankA, linear.rows, group.rank) * fromHalves(linear.lowRankAScale);
    const at::Tensor b = fromInt8(group.lowRankB, group.rank, group.cols) *
                         fromHalves(group.lowRankBScale).unsqueeze(1);
    return w + at::matmul(a.to(there), b.to(there));
}

} // namespace

StoredLinear::StoredLinear(const QuantizedGroup& group, const std::string& device,
                           at::ScalarType type) {
    const auto factor = [&](const StoredFactor& stored) {
        return Matrix(loadFactor(stored, device).tensor().to(type));
    };
    if (group.factorA.size > 0)
        rotation_ = {factor(group.factorA), factor(group.factorB)};
    if (!group.inputScale.empty())
        columnScale_ = fromHalves(group.inputScale).to(at::Device(device), type);
    std::vector<at::Tensor> rows;
    if (group.isKept())
        for (const HostLinear& linear : toHost(group).linears)
            rows.push_back(fromHalves(linear.f16).view({linear.rows, linear.cols}));
    for (const QuantizedLinear& linear : group.linears)
        rows.push_back(linearWeight(linear, group, device));
    weight_ = at::cat(rows).to(at::Device(device), type);
}

at::Tensor StoredLinear::prepare(const at::Tensor& x) const {
    const at::Tensor rotated = rotation_.r1.empty() ? x : rotateRows(Matrix(x), rotation_).tensor();
    return columnScale_.defined() ? rotated * columnScale_ : rotated;
}

at::Tensor StoredLinear::apply(const at::Tensor& prepared) const {
    return at::matmul(prepared, weight_.t());
}

at::Tensor StoredLinear::operator()(const at::Tensor& x) const {
    std::vector<std::int64_t> shape = x.sizes().vec();
    shape.back() = weight_.size(0);
    return apply(prepare(x.reshape({-1, x.size(-1)}))).view(shape);
}

} // namespace bwla
