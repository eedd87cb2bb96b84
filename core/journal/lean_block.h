// SPDX-License-Identifier: GPL-3.0-or-later
//
// A block of the journal without what a parcel need not carry: sign planes, which follow from the
// latents, and the low-rank factors from before the training, of which a refinement that goes on
// needs one number each: it trains them in units of their RMS, and has their values itself.
#pragma once

#include "core/model/model_config.h"
#include "core/model/safetensors.h"

#include <cstdint>
#include <span>
#include <vector>

namespace bwla {

struct LeanBlock {
    std::vector<NamedTensor> tensors;
    /// RMS of the values of each factor that was left out, by group: B, then A of each linear.
    std::vector<std::int8_t> factorSizes;
};

/// `file`: a block's. Throws Error{missingTensor}.
[[nodiscard]] LeanBlock leanBlock(const SafetensorsFile& file, std::int64_t layer,
                                  const ModelConfig& config);

/// Takes numbers from the front of what a parcel has of all blocks.
class Supply {
public:
    explicit Supply(std::span<const std::int8_t> values) : rest_(values) {}
    /// Throws Error{badShape} of `name` where fewer are left.
    [[nodiscard]] std::span<const std::int8_t> take(std::int64_t count, const char* name);
    [[nodiscard]] bool empty() const { return rest_.empty(); }

private:
    std::span<const std::int8_t> rest_;
};

/// The block's tensors, sorted by name, of a parcel that has those of leanBlock. `latents`: rows of
/// the linears of each group that is not kept in float. Throws Error{missingTensor, badShape}.
[[nodiscard]] std::vector<NamedTensor> wholeBlock(const SafetensorsFile& parcel, std::int64_t layer,
                                                  const ModelConfig& config, Supply& latents,
                                                  Supply& factorSizes);

} // namespace bwla
