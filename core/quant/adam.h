// SPDX-License-Identifier: GPL-3.0-or-later
//
// Adam (Kingma and Ba 2015, algorithm 1) with betas (.9, .95) on parameters that lie in one piece
// of memory: a step is a handful of kernels however many layers there are.
// Include from .cpp files of bwla_quant only.
#pragma once

#include <ATen/ATen.h>

#include <vector>

namespace bwla {

struct Adam {
    at::Tensor value;         ///< (size), float32
    at::Tensor first, second; ///< moments, (size)

    static constexpr double beta1 = 0.9, beta2 = 0.95, epsilon = 1e-8;

    explicit Adam(const at::Tensor& start);
    /// value -= scale * rate * unit step of `gradient` (size); `rates` as adamRates() made them,
    /// `scale` a number or one a parameter.
    void step(const at::Tensor& gradient, const at::Tensor& scale, const at::Tensor& rates);
};

/// What changes from step to step, as a tensor, so that a recorded step can be repeated: {rate,
/// 1 / (1 - beta1^count), 1 / (1 - beta2^count)}, (3), float32 on the CPU; `count` counts the
/// moments' steps from 1.
[[nodiscard]] at::Tensor adamRates(double rate, std::int64_t count);

/// Half a cosine from 1 down to `last` while share goes from 0 to 1.
[[nodiscard]] double cosineDecay(double share, double last);

/// Makes `leaves` of autograd, and their gradients, views of two flat tensors in their order.
void shareMemory(std::vector<at::Tensor>& leaves, const at::Tensor& values,
                 const at::Tensor& gradients);

/// A trained tensor and what it is: "row scales", "signs".
struct NamedLeaf {
    const char* kind;
    at::Tensor leaf;
};

/// Leaves of autograd that train alike. Once packed they and their gradients are views of flat
/// tensors.
class ParameterPool {
public:
    /// `leaf` is float32; its steps are `rate` times those of step().
    void add(const at::Tensor& leaf, double rate);
    void pack();
    /// One step against the summed gradients, which are then zero again. `rates`: adamRates().
    void step(const at::Tensor& rates);

    [[nodiscard]] Adam& state() { return state_.front(); }
    [[nodiscard]] bool empty() const { return leaves_.empty(); }

private:
    std::vector<at::Tensor> leaves_;
    std::vector<double> rates_;
    std::vector<Adam> state_; // one, once packed
    at::Tensor gradient_, rate_;
};

} // namespace bwla
