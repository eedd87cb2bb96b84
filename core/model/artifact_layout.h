// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/artifact.h"
#include "core/model/artifact_config.h"
#include "core/model/model_config.h"
#include "core/model/tensor_view.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bwla {

/// What a tensor's bytes are charged to (BitsLedger).
enum class LedgerPart : std::uint8_t {
    signs,
    rowScale,
    rowMean,
    columnScale,
    rotation,
    lowRank,
    clip,
    kept, ///< a linear in float
    other,
};

struct ArtifactTensor {
    std::string name;
    DType type; ///< of a kept linear F16, though it may be BF16
    std::vector<std::int64_t> shape;
    LedgerPart part;
    bool optional = false;
};

/// Every tensor that an artifact of this configuration holds or may hold: docs/format.md as a list.
[[nodiscard]] std::vector<ArtifactTensor> artifactTensors(const ModelConfig& model,
                                                          const ArtifactConfig& artifact);

/// Adds a tensor's bytes to its entry of the ledger; `other` is not an entry of its own there.
void charge(BitsLedger& bits, LedgerPart part, std::int64_t bytes);

} // namespace bwla
