// SPDX-License-Identifier: GPL-3.0-or-later
//
// A model walked there and back on calibration text: what each group reads, and the gradient that
// reaches its outputs from the loss of one token drawn at each position by the model's own
// probabilities. The gradients' squares are the Fisher information: an error d of a group's outputs
// costs 1/2 E[(g d)^2] nats of KL a token, to second order.
// Include from .cpp files of bwla_quant only.
#pragma once

#include "core/model/model_source.h"
#include "core/quant/calibration.h"
#include "core/quant/torch_block.h"

#include <ATen/ATen.h>

#include <functional>
#include <string>
#include <vector>

namespace bwla {

class GradientWalk {
public:
    /// One block of the model that is walked; `linear` as decoderBlock() has it.
    struct Block {
        at::Tensor attnNorm, mlpNorm; ///< (width)
        GroupLinear linear;
    };
    static constexpr std::int64_t window = 1024; ///< tokens, at most
    /// Reads about so many `tokens`, in windows evenly spaced over the calibration's. Blocks are
    /// asked for once in each direction and not kept. Tables are the source's; `type` is that of
    /// activations and products with the head.
    GradientWalk(const ModelSource& source, const Calibration& calibration, std::int64_t tokens,
                 std::string device, at::ScalarType type,
                 std::function<Block(std::int64_t layer)> block);

    /// To the end and back through the head.
    void forward(const at::Tensor& finalNorm, const std::function<void()>& blockDone);

    /// Hears a group's inputs (k, m) and the gradients of its outputs (k, n), some tokens at a
    /// time.
    using Seen = std::function<void(GroupKind, const at::Tensor& x, const at::Tensor& gradient)>;
    /// Back through block after block, from the last on; each once, after forward().
    void back(const Seen& seen);

private:
    at::Tensor through(const Block& block, const at::Tensor& x, const Seen& seen) const;
    [[nodiscard]] at::Tensor headGradient(const at::Tensor& x, const at::Tensor& finalNorm) const;

    const ModelSource& source_;
    const ModelConfig& config_;
    std::string device_;
    at::ScalarType type_;
    std::function<Block(std::int64_t)> block_;
    at::Tensor ids_; ///< (windows, tokens)
    RotaryTable table_;
    std::vector<at::Tensor> before_; ///< (windows, tokens, width), of each block still to go back
    at::Tensor gradient_;            ///< likewise, of what the next of them hands on
};

} // namespace bwla
