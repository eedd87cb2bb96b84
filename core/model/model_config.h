// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/input_group.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bwla {

/// Shape and constants of a decoder-only model, the same for GGUF and Hugging Face sources.
struct ModelConfig {
    std::string family; ///< "llama"
    std::string name;   ///< the model's own name, may be empty
    std::int64_t layers = 0;
    std::int64_t width = 0; ///< d
    std::int64_t feedForward = 0;
    std::int64_t heads = 0;
    std::int64_t kvHeads = 0;
    std::int64_t headDim = 0;
    std::int64_t vocabulary = 0;
    std::int64_t context = 0; ///< positions the model was trained for
    float normEpsilon = 1e-5F;
    double ropeTheta = 10000.0;
    /// Rotary frequencies after any scaling the family asks for, [headDim / 2].
    std::vector<float> inverseFrequencies;
    bool tiedHead = false; ///< the head is the embedding table

    /// Inputs m of a group's linears.
    [[nodiscard]] std::int64_t groupInputs(GroupKind kind) const;
    /// Outputs n of linear `index` of a group.
    [[nodiscard]] std::int64_t linearOutputs(GroupKind kind, int index) const;
    /// Weights in the linears of all decoder blocks: what bits_linear is counted over.
    [[nodiscard]] std::int64_t decoderWeights() const;
    /// All parameters: decoder, norms, embeddings, untied head.
    [[nodiscard]] std::int64_t parameters() const;
};

} // namespace bwla
