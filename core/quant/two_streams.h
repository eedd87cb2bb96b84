// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/model_source.h"
#include "core/model/quantized_block.h"
#include "core/quant/calibration.h"
#include "core/quant/input_moments.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace bwla {

/// What a group is quantized from.
struct GroupInputs {
    InputMoments moments; ///< empty when replaying
    Matrix sample; ///< some rows of the quantized prefix's input, evenly spaced; empty likewise
};

/// Two copies of the calibration tokens' residual stream, walked through the model block by block:
/// x of the float model, xh of the quantized prefix (at A16, always from stored tensors, so that a
/// resumed run sees the same numbers).
class TwoStreams {
public:
    TwoStreams(const ModelSource& model, const Calibration& calibration, const std::string& device);
    ~TwoStreams();

    /// Called once a group in order; returns the group as stored. `weights` (n, m) are the float
    /// linears stacked, `outputs` their rows.
    using Quantize = std::function<QuantizedGroup(
        GroupKind, const Matrix& weights, const std::vector<std::int64_t>& outputs, GroupInputs)>;

    /// Asked before: a group that stays in float, as stored. Nothing is measured for it.
    using Keep = std::function<std::optional<QuantizedGroup>(GroupKind)>;

    /// Moves both streams through block `layer`, asking for each group when its input is known.
    /// Returns the block and its drift, |xh - x|^2 / |x_out - x_in|^2 without position 0.
    struct Advanced {
        QuantizedBlock block;
        double drift = 0.0;
    };
    [[nodiscard]] Advanced advance(std::int64_t layer, const Quantize& quantize,
                                   const Keep& keep = {});
    /// The same through a block that is already stored: no moments are measured.
    void replay(std::int64_t layer, const QuantizedBlock& block);

    /// The residual streams where they stand now, (tokens, width), windows one after another.
    [[nodiscard]] Matrix floatStream() const;
    [[nodiscard]] Matrix quantizedStream() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace bwla
