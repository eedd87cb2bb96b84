// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/input_group.h"
#include "core/model/model_config.h"
#include "core/model/model_source.h"
#include "kernels/host_linear.h"

#include <array>
#include <memory>
#include <vector>

namespace bwla {

/// One input group ready for upload.
struct GroupWeights {
    HostInput input;                 ///< the identity for a float model
    std::vector<HostLinear> linears; ///< in the order of InputGroup::linears
    /// Kept in float inside a quantized model: its input is never rounded, whatever the bits.
    bool kept = false;
    /// Bits of its inputs where groups differ (16 = not rounded); 0 = ModelWeights::activationBits.
    int activationBits = 0;
};

struct LayerWeights {
    std::array<GroupWeights, groupCount> groups; ///< indexed by GroupKind
    std::vector<float> attnNorm;                 ///< [width] gain
    std::vector<float> mlpNorm;
};

/// Everything the engine uploads, handed out layer by layer so that no second copy of a model is
/// ever held. Implemented for originals (FloatWeights) and artifacts (ArtifactWeights).
class ModelWeights {
public:
    virtual ~ModelWeights() = default;
    [[nodiscard]] virtual const ModelConfig& config() const = 0;
    [[nodiscard]] virtual LayerWeights layer(std::int64_t index) const = 0;
    [[nodiscard]] virtual HostLinear embedding() const = 0; ///< vocabulary x width
    /// vocabulary x width; call only where !config().tiedHead.
    [[nodiscard]] virtual HostLinear head() const = 0;
    [[nodiscard]] virtual std::vector<float> finalNorm() const = 0;
    /// Activation bits the weights were made for: 16 for an original, 6 for a W1A6 artifact.
    [[nodiscard]] virtual int activationBits() const = 0;
    /// "f16", "f32" or "w1a6".
    [[nodiscard]] virtual std::string format() const = 0;
};

/// The original with F16 (rounded) or F32 weights. `source` must outlive the result.
[[nodiscard]] std::unique_ptr<ModelWeights> floatWeights(const ModelSource& source,
                                                         WeightKind kind);

} // namespace bwla
