// SPDX-License-Identifier: GPL-3.0-or-later
//
// The rotation of a group while the quantized model trains: a constant, or trained with the rest on
// the orthogonal group (each step is retracted by a step of Newton and Schulz towards the polar
// factor; Higham 2008, 8.3). Include from .cpp files of bwla_quant only.
#pragma once

#include "core/model/quantized_block.h"
#include "core/quant/adam.h"

#include <ATen/ATen.h>

#include <string>

namespace bwla {

class TrainableRotation {
public:
    TrainableRotation() = default; ///< none
    /// `type` of activations. `dense`: applied as one (m, m) product, otherwise as two small ones.
    TrainableRotation(const QuantizedGroup& stored, const std::string& device, at::ScalarType type,
                      bool dense);

    [[nodiscard]] bool empty() const { return !r1_.defined(); }
    [[nodiscard]] bool trains() const { return !empty() && r1_.requires_grad(); }
    /// The rows of x (k, m), of the type above, times R.
    [[nodiscard]] at::Tensor rotated(const at::Tensor& x) const;
    /// w (n, m) R', of w's type (float32 where R trains): w in the frame of the group's input.
    [[nodiscard]] at::Tensor folded(const at::Tensor& w) const;

    /// Hands R1 and R2 over to train; the forward pass then sees them rounded to 8 bits, as stored.
    void addTo(ParameterPool& pool, double rate) const;
    /// After a step, in place: back towards orthogonal. Nothing if it does not train.
    void retract() const;
    /// Into the factors of `group`; an untrained rotation leaves them.
    void store(QuantizedGroup& group) const;

private:
    [[nodiscard]] at::Tensor product() const; ///< R1 (x) R2, float32

    at::Tensor r1_, r2_;            ///< float32
    at::Tensor typed1_, typed2_;    ///< of an untrained rotation, in `type`
    at::Tensor dense_, typedDense_; ///< R1 (x) R2 of an untrained rotation, if `dense`
    at::ScalarType type_ = at::kFloat;
    bool isDense_ = false;
};

} // namespace bwla
