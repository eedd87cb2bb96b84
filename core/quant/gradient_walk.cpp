// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/gradient_walk.h"

#include "core/model/tensor_names.h"
#include "core/quant/float_model.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

namespace bwla {
namespace {

constexpr std::int64_t headRows = 64; // logits of so many tokens at once stay near the cache

at::Tensor chosenIds(const Calibration& calibration, std::int64_t tokens) {
    std::size_t shortest = calibration.windows.front().size();
    for (const auto& window : calibration.windows)
        shortest = std::min(shortest, window.size());
    const auto length = std::min(GradientWalk::window, static_cast<std::int64_t>(shortest));
    const std::size_t count =
        std::min(calibration.windows.size(),
                 static_cast<std::size_t>(std::max<std::int64_t>(1, tokens / length)));
    std::vector<at::Tensor> rows;
    for (std::size_t i = 0; i < count; ++i)
        rows.push_back(
            at::tensor(calibration.windows[i * calibration.windows.size() / count], at::kInt)
                .to(at::kLong)
                .narrow(0, 0, length));
    return at::stack(rows);
}

at::Tensor table(const ModelSource& source, const std::string& name, const std::string& device) {
    return loadTensor(source, name, {source.config().vocabulary, source.config().width}, device);
}

/// (p - the drawn token) times the head; draw (k, 1) in 0..1.
at::Tensor drawnGradient(const at::Tensor& x, const at::Tensor& head, const at::Tensor& draw) {
    at::Tensor p = at::softmax(at::matmul(x, head.t()).to(at::kFloat), -1);
    const at::Tensor token = (p.cumsum(-1) < draw).sum(-1, true).clamp_max(head.size(0) - 1);
    p.scatter_add_(1, token, at::full_like(draw, -1.0));
    return at::matmul(p.to(head.scalar_type()), head);
}

} // namespace

GradientWalk::GradientWalk(const ModelSource& source, const Calibration& calibration,
                           std::int64_t tokens, std::string device, at::ScalarType type,
                           std::function<Block(std::int64_t)> block)
    : source_(source), config_(source.config()), device_(std::move(device)), type_(type),
      block_(std::move(block)), ids_(chosenIds(calibration, tokens)),
      table_(config_, ids_.size(1), at::TensorOptions().dtype(type_).device(at::Device(device_))) {}

void GradientWalk::forward(const at::Tensor& finalNorm, const std::function<void()>& blockDone) {
    const at::NoGradGuard noGrad;
    at::Tensor x = table(source_, embeddingName, device_)
                       .index_select(0, ids_.flatten().to(at::Device(device_)))
                       .view({ids_.size(0), ids_.size(1), config_.width})
                       .to(type_);
    for (std::int64_t layer = 0; layer < config_.layers; ++layer) {
        const Block block = block_(layer);
        at::Tensor next = at::empty_like(x);
        for (std::int64_t i = 0; i < x.size(0); ++i)
            next.narrow(0, i, 1).copy_(through(block, x.narrow(0, i, 1), {}));
        before_.push_back(x);
        x = next;
        blockDone();
    }
    gradient_ = headGradient(x, finalNorm);
}

void GradientWalk::back(const Seen& seen) {
    const Block block = block_(static_cast<std::int64_t>(before_.size()) - 1);
    for (std::int64_t i = 0; i < gradient_.size(0); ++i) {
        const at::Tensor x = before_.back().narrow(0, i, 1).clone().requires_grad_(true);
        at::Tensor gradient = gradient_.narrow(0, i, 1);
        through(block, x, seen).backward(gradient);
        gradient.copy_(x.grad());
    }
    before_.pop_back();
}

at::Tensor GradientWalk::through(const Block& block, const at::Tensor& x, const Seen& seen) const {
    return decoderBlock(
        x, block.attnNorm, block.mlpNorm, config_, table_,
        [&](GroupKind kind, const at::Tensor& rows) {
            const at::Tensor y = block.linear(kind, rows);
            if (seen)
                y.register_hook([&seen, kind, inputs = rows.detach()](const at::Tensor& gradient) {
                    seen(kind, inputs, gradient);
                });
            return y;
        });
}

at::Tensor GradientWalk::headGradient(const at::Tensor& x, const at::Tensor& finalNorm) const {
    const at::Tensor head =
        table(source_, config_.tiedHead ? embeddingName : headName, device_).to(type_);
    at::Generator random = at::detail::createCPUGenerator(0);
    const at::Tensor rows = x.flatten(0, 1);
    std::vector<at::Tensor> gradients;
    for (std::int64_t first = 0; first < rows.size(0); first += headRows) {
        const std::int64_t count = std::min(headRows, rows.size(0) - first);
        const at::Tensor hidden = rows.narrow(0, first, count).clone().requires_grad_(true);
        const at::AutoGradMode recorded(true);
        const at::Tensor normed = rmsNorm(hidden, finalNorm, config_.normEpsilon);
        const at::Tensor draw = at::rand({count, 1}, random, at::kFloat).to(rows.device());
        normed.backward(drawnGradient(normed.detach(), head, draw));
        gradients.push_back(hidden.grad());
    }
    return at::cat(gradients).view_as(x);
}

} // namespace bwla
