// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/trainable_rotation.h"

#include "core/quant/float_products.h"
#include "core/quant/rotation.h"

#include <ATen/core/grad_mode.h>

namespace bwla {
namespace {

/// As storeFactor() keeps it, straight through for gradients.
at::Tensor rounded(const at::Tensor& r) {
    const at::Tensor value = r.detach();
    const at::Tensor scale = value.abs().max() / 127.0;
    return r + ((value / scale).round() * scale - value);
}

/// Exact: what rounding of products adds along the group is never undone.
void retractFactor(const at::Tensor& r) {
    const FloatProducts precision(FloatProducts::exact);
    const at::Tensor cubed = at::matmul(at::matmul(r, r.t()), r);
    at::Tensor target = r;
    target.mul_(1.5).sub_(cubed, 0.5);
}

} // namespace

TrainableRotation::TrainableRotation(const QuantizedGroup& stored, const std::string& device,
                                     at::ScalarType type, bool dense)
    : r1_(loadFactor(stored.factorA, device).tensor()),
      r2_(loadFactor(stored.factorB, device).tensor()), type_(type), isDense_(dense) {
    typed1_ = r1_.to(type);
    typed2_ = r2_.to(type);
    if (!dense)
        return;
    dense_ = at::kron(r1_, r2_);
    typedDense_ = dense_.to(type);
}

at::Tensor TrainableRotation::product() const {
    return trains() ? at::kron(rounded(r1_), rounded(r2_)) : dense_;
}

at::Tensor TrainableRotation::rotated(const at::Tensor& x) const {
    if (isDense_)
        return at::matmul(x, trains() ? product().to(type_) : typedDense_);
    if (!trains())
        return rotateRows(Matrix(x), {Matrix(typed1_), Matrix(typed2_)}).tensor();
    return rotateRows(Matrix(x), {Matrix(rounded(r1_).to(type_)), Matrix(rounded(r2_).to(type_))})
        .tensor();
}

at::Tensor TrainableRotation::folded(const at::Tensor& w) const {
    return at::matmul(w, (w.scalar_type() == at::kFloat ? product() : typedDense_).t());
}

void TrainableRotation::addTo(ParameterPool& pool, double rate) const {
    for (const at::Tensor& r : {r1_, r2_})
        pool.add(r, rate * r.square().mean().sqrt().item<double>());
}

void TrainableRotation::retract() const {
    if (!trains())
        return;
    const at::NoGradGuard noGrad;
    retractFactor(r1_);
    retractFactor(r2_);
}

void TrainableRotation::store(QuantizedGroup& group) const {
    if (!trains())
        return;
    group.factorA = storeFactor(Matrix(r1_.detach()));
    group.factorB = storeFactor(Matrix(r2_.detach()));
}

} // namespace bwla
