// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/adam.h"

#include <ATen/core/grad_mode.h>

#include <cmath>
#include <numbers>

namespace bwla {

Adam::Adam(const at::Tensor& start)
    : value(start), first(at::zeros_like(start)), second(at::zeros_like(start)) {}

void Adam::step(const at::Tensor& gradient, const at::Tensor& scale, const at::Tensor& rates) {
    const at::NoGradGuard noGrad;
    first.lerp_(gradient, 1.0 - beta1);
    second.mul_(beta2).addcmul_(gradient, gradient, 1.0 - beta2);
    at::Tensor step = second.mul(rates[2]).sqrt_().add_(epsilon).reciprocal_();
    step.mul_(first).mul_(scale).mul_(rates[0] * rates[1]);
    value.sub_(step);
}

at::Tensor adamRates(double rate, std::int64_t count) {
    const auto n = static_cast<double>(count);
    return at::tensor({static_cast<float>(rate),
                       static_cast<float>(1.0 / (1.0 - std::pow(Adam::beta1, n))),
                       static_cast<float>(1.0 / (1.0 - std::pow(Adam::beta2, n)))});
}

double cosineDecay(double share, double last) {
    return last + (1.0 - last) * 0.5 * (1.0 + std::cos(std::numbers::pi * share));
}

void shareMemory(std::vector<at::Tensor>& leaves, const at::Tensor& values,
                 const at::Tensor& gradients) {
    std::int64_t first = 0;
    for (at::Tensor& leaf : leaves) {
        const std::int64_t size = leaf.numel();
        const auto part = [&](const at::Tensor& whole) {
            return whole.narrow(0, first, size).view(leaf.sizes());
        };
        leaf.set_data(part(values));
        leaf.requires_grad_(true);
        leaf.mutable_grad() = part(gradients);
        first += size;
    }
}

void ParameterPool::add(const at::Tensor& leaf, double rate) {
    leaves_.push_back(leaf);
    rates_.push_back(rate);
}

void ParameterPool::pack() {
    if (leaves_.empty())
        return;
    const at::NoGradGuard noGrad;
    std::vector<at::Tensor> flat, rates;
    for (std::size_t i = 0; i < leaves_.size(); ++i) {
        flat.push_back(leaves_[i].detach().flatten());
        rates.push_back(at::full_like(flat.back(), rates_[i]));
    }
    state_.assign(1, Adam(at::cat(flat)));
    rate_ = at::cat(rates);
    gradient_ = at::zeros_like(rate_);
    shareMemory(leaves_, state().value, gradient_);
}

void ParameterPool::step(const at::Tensor& rates) {
    if (leaves_.empty())
        return;
    state().step(gradient_, rate_, rates);
    gradient_.zero_();
}

} // namespace bwla
