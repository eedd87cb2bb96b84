// SPDX-License-Identifier: GPL-3.0-or-later
//
// The original's float32 weights as libtorch tensors, read one block at a time or kept whole.
// Include from .cpp files of bwla_quant only.
#pragma once

#include "core/model/model_source.h"
#include "core/quant/torch_block.h"

#include <ATen/ATen.h>

#include <array>
#include <string>
#include <vector>

namespace bwla {

struct FloatBlock {
    std::array<at::Tensor, groupCount> weights; ///< (n, m), the linears of a group stacked
    std::array<std::vector<std::int64_t>, groupCount> outputs;
    at::Tensor attnNorm, mlpNorm; ///< (width)
};

[[nodiscard]] FloatBlock loadBlock(const ModelSource& source, std::int64_t layer,
                                   const std::string& device);
/// A tensor of the source as float32, (rows, cols) or (size).
[[nodiscard]] at::Tensor loadTensor(const ModelSource& source, const std::string& name,
                                    std::vector<std::int64_t> shape, const std::string& device);

/// bfloat16 where the device multiplies it faster than float32 and rounding does no harm: sampling
/// text, refinement.
[[nodiscard]] at::ScalarType fastestType(const std::string& device);

/// x (k, m) w' for weights of any type, computed in that type; the result is of x's.
[[nodiscard]] at::Tensor product(const at::Tensor& x, const at::Tensor& w);

/// The whole original, for writing calibration text; linears and head in `type`, the rest float32.
class FloatModel {
public:
    FloatModel(const ModelSource& source, const std::string& device, at::ScalarType type);

    [[nodiscard]] const ModelConfig& config() const { return config_; }
    [[nodiscard]] const FloatBlock& block(std::int64_t layer) const {
        return blocks_[static_cast<std::size_t>(layer)];
    }
    [[nodiscard]] at::Tensor embed(const at::Tensor& ids) const;
    /// Final norm and head of rows x (k, width).
    [[nodiscard]] at::Tensor logits(const at::Tensor& x) const;
    [[nodiscard]] at::TensorOptions options() const { return embedding_.options(); }

private:
    const ModelConfig& config_;
    std::vector<FloatBlock> blocks_;
    at::Tensor embedding_, head_, finalNorm_;
};

} // namespace bwla
