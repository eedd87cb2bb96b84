// SPDX-License-Identifier: GPL-3.0-or-later
//
// Signs that train: each is the sign of a float32 latent. The forward pass reads signs alone; the
// straight-through estimator is that a latent steps by its sign's gradient while |latent| <= 1.5.
// Include from .cpp files of bwla_quant only.
#pragma once

#include "core/quant/adam.h"

#include <ATen/ATen.h>

#include <vector>

namespace bwla {

class LatentSigns {
public:
    static constexpr double bound = 1.5;

    /// `signs` (n, m), a leaf of +-1; `magnitude` (n, m) > 0 of its latents.
    void add(const at::Tensor& signs, const at::Tensor& magnitude);
    void pack();
    /// One step against the summed gradients, which are then zero again; signs follow. `rates`:
    /// adamRates().
    void step(const at::Tensor& rates);
    /// The leaves keep their signs and are constants again, until they are added elsewhere.
    void settle();
    /// What was trained, a view like each leaf added.
    [[nodiscard]] std::vector<at::Tensor> latents() const;
    /// Latents in 8 bits, 127 = 1.5, (size): what an unfinished run keeps of them. Never 0.
    [[nodiscard]] at::Tensor compact() const;
    void restore(const at::Tensor& compact);
    /// Share of the signs that differ from those added.
    [[nodiscard]] double flipped() const;
    [[nodiscard]] std::int64_t size() const { return signs_.numel(); }
    [[nodiscard]] bool empty() const { return leaves_.empty(); }

private:
    void follow(); ///< signs from latents

    std::vector<at::Tensor> leaves_, latents_;
    std::vector<Adam> state_;
    at::Tensor signs_, gradient_, start_;
};

} // namespace bwla
