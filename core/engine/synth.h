// SPDX-License-Identifier: GPL-3.0-or-later
//
// Models that exist as shapes only: random weights, for benchmarks of sizes that nobody wants to
// load. What a step costs depends on the shapes, not on the numbers.
#pragma once

#include "core/model/model_config.h"
#include "kernels/host_linear.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bwla {

struct SynthModel {
    ModelConfig config;
    WeightKind weights = WeightKind::binary; ///< of the blocks' linears: binary or f16
    int activationBits = 6;
    std::int64_t rank = 16;                  ///< binary only
    WeightKind tables = WeightKind::rowInt8; ///< embedding and head

    [[nodiscard]] std::string format() const; ///< "w1a6", "f16"
    /// Bytes of all weights on a device, to the nearest percent.
    [[nodiscard]] std::int64_t weightBytes() const;
};

/// "qwen3-32b" and others.
[[nodiscard]] std::vector<std::string> synthNames();
/// Published shapes of that model (config.json of its Hugging Face repository); qwen3's norms of q
/// and k are left out. format "w1a6" (rank 16, 8-bit tables) or "f16". Throws Error{badArgument}.
[[nodiscard]] SynthModel synthModel(std::string_view name, std::string_view format);

} // namespace bwla
