// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/latent_signs.h"

#include "core/quant/cpu_ops.h"
#include "core/quant/fused_ops.h"

#include <ATen/core/grad_mode.h>

namespace bwla {

void LatentSigns::add(const at::Tensor& signs, const at::Tensor& magnitude) {
    leaves_.push_back(signs);
    latents_.push_back((magnitude * signs).to(at::kFloat).flatten());
}

void LatentSigns::pack() {
    if (leaves_.empty())
        return;
    const at::NoGradGuard noGrad;
    state_.assign(1, Adam(at::cat(latents_)));
    latents_.clear();
    const at::Tensor& latent = state_.front().value;
    signs_ = at::empty_like(latent, leaves_.front().options());
    gradient_ = at::zeros_like(signs_);
    shareMemory(leaves_, signs_, gradient_);
    follow();
    start_ = latent > 0;
}

void LatentSigns::step(const at::Tensor& rates) {
    if (leaves_.empty())
        return;
    const at::NoGradGuard noGrad;
    Adam& state = state_.front();
    if (fusable(signs_)) {
        fusedLatentStep(state.value, state.first, state.second, gradient_, signs_, rates, bound);
        return;
    }
    if (runsOnRows(signs_)) {
        rowsLatentStep(state.value, state.first, state.second, gradient_, signs_, rates, bound);
        return;
    }
    const at::Tensor gradient = gradient_.to(at::kFloat).mul_(state.value.abs().le(bound));
    state.step(gradient, at::ones({}, gradient.options()), rates);
    gradient_.zero_();
    follow();
}

void LatentSigns::settle() {
    for (at::Tensor& leaf : leaves_) {
        leaf.requires_grad_(false);
        leaf.mutable_grad() = at::Tensor();
    }
}

std::vector<at::Tensor> LatentSigns::latents() const {
    std::vector<at::Tensor> views;
    std::int64_t first = 0;
    for (const at::Tensor& leaf : leaves_) {
        views.push_back(state_.front().value.narrow(0, first, leaf.numel()).view(leaf.sizes()));
        first += leaf.numel();
    }
    return views;
}

at::Tensor LatentSigns::compact() const {
    const at::Tensor& latent = state_.front().value;
    const at::Tensor size = (latent.abs() * (127.0 / bound)).round_().clamp_(1.0, 127.0);
    return at::where(latent >= 0, size, -size).to(at::kCPU, at::kChar);
}

void LatentSigns::restore(const at::Tensor& compact) {
    const at::NoGradGuard noGrad;
    state_.front().value.copy_(compact.to(at::kFloat) * (bound / 127.0));
    follow();
}

double LatentSigns::flipped() const {
    if (leaves_.empty())
        return 0.0;
    return (start_ != (state_.front().value > 0)).to(at::kFloat).mean().item<double>();
}

void LatentSigns::follow() {
    signs_.copy_(at::where(state_.front().value >= 0, 1.0, -1.0));
}

} // namespace bwla
