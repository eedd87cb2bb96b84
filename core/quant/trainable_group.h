// SPDX-License-Identifier: GPL-3.0-or-later
//
// A quantized group as the refinement computes it: y = [a (.) S + mu + A B] q(b (.) R'x), with
// gradients for log a, log b, A, B and, if asked for, S and R. mu and the clip stay as stored.
// Include from .cpp files of bwla_quant only.
#pragma once

#include "core/model/quantized_block.h"
#include "core/quant/adam.h"
#include "core/quant/latent_signs.h"
#include "core/quant/trainable_rotation.h"

#include <ATen/ATen.h>

#include <string>
#include <vector>

namespace bwla {

/// Where and in what type the refinement computes; parameters are float32 everywhere.
struct TrainingPlace {
    std::string device;
    at::ScalarType type = at::kFloat; ///< of activations and products
    /// Work on weights costs little beside work on activations (thousands of rows at once): the
    /// rotation is one dense product, at A16 folded into the weights. Otherwise it is two small
    /// products, and signs that do not train get no gradient. The results are the same.
    bool manyRows = false;
};

/// Rates of the study: log a, log b; each low-rank factor in units of its own RMS; gains.
struct TrainingRates {
    double scales = 2e-3;
    double lowRank = 1e-2;
    double gains = 1e-3;
    double rotations = 0.0; ///< likewise in units of a factor's RMS; 0 = rotations stay
};

class TrainableGroup {
public:
    TrainableGroup(const QuantizedGroup& stored, const TrainingPlace& place);

    /// x (k, m) -> (k, n), of place.type. `bits` = 16: x'' unrounded.
    [[nodiscard]] at::Tensor operator()(const at::Tensor& x, int bits) const;

    /// Hands the parameters over to train.
    void addTo(ParameterPool& pool, const TrainingRates& rates) const;
    /// Signs too. `weights` (n, m), the float linears stacked: |W' - L| in units of the two levels,
    /// times `spread`, is where latents start, unless they were trained before (keepLatents).
    void addTo(LatentSigns& signs, const at::Tensor& weights, double spread) const;

    /// Trained latents (n, m), where those of another training start.
    void keepLatents(const at::Tensor& latents) { latents_ = latents.abs().to(place_.type); }

    /// After each step of what trains.
    void retract() const { rotation_.retract(); }

    /// All that can train.
    [[nodiscard]] std::vector<NamedLeaf> leaves() const;

    /// Kept in float: a constant, whose input is not rounded either.
    [[nodiscard]] bool isKept() const { return stored_.isKept(); }
    /// In storage types: of an untrained group, the bytes it was made from.
    [[nodiscard]] QuantizedGroup stored() const;

private:
    [[nodiscard]] at::Tensor quantized(const at::Tensor& x, int bits) const; ///< x'', rounded
    [[nodiscard]] at::Tensor weight() const;       ///< (n, m), of place.type, in the frame of x''
    [[nodiscard]] at::Tensor foldedWeight() const; ///< in the frame of x
    [[nodiscard]] at::Tensor exactWeight() const;  ///< weight(), float32
    [[nodiscard]] bool hasFusedWeight() const;
    [[nodiscard]] at::Tensor factored(const at::Tensor& x) const;

    QuantizedGroup stored_;
    TrainingPlace place_;
    at::Tensor kept_; ///< (n, m), of place.type; the other tensors are undefined then
    double clipLow_, clipHigh_;
    TrainableRotation rotation_;
    at::Tensor signs_;               ///< (n, m), of place.type
    at::Tensor logRow_, logColumn_;  ///< (n, 1), (m); the latter undefined without column scales
    at::Tensor lowRankA_, lowRankB_; ///< (n, k), (k, m), or undefined
    at::Tensor latents_;             ///< (n, m), |trained latents|, or undefined
    at::Tensor mean_;                ///< (n, 1), or undefined
};

} // namespace bwla
