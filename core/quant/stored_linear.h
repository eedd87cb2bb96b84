// SPDX-License-Identifier: GPL-3.0-or-later
//
// A group as the quantizer's second stream computes it: at A16, from the stored bytes, quantized or
// kept in float.
// Include from .cpp files of bwla_quant only.
#pragma once

#include "core/model/quantized_block.h"
#include "core/quant/rotation.h"

#include <ATen/ATen.h>

#include <string>

namespace bwla {

class StoredLinear {
public:
    /// `type` of products and weight(); a rounded weight is for walking the model, not for fits.
    StoredLinear(const QuantizedGroup& group, const std::string& device,
                 at::ScalarType type = at::kFloat);

    /// x'' = b (.) R' x for rows x (k, m).
    [[nodiscard]] at::Tensor prepare(const at::Tensor& x) const;
    /// The group's stacked outputs (k, n) of prepared rows.
    [[nodiscard]] at::Tensor apply(const at::Tensor& prepared) const;
    /// x of any leading shape (.., m) -> (.., n).
    [[nodiscard]] at::Tensor operator()(const at::Tensor& x) const;
    /// (n, m) in the frame of x''.
    [[nodiscard]] const at::Tensor& weight() const { return weight_; }

private:
    KroneckerRotation rotation_; ///< empty where there is none
    at::Tensor columnScale_;
    at::Tensor weight_;
};

} // namespace bwla
