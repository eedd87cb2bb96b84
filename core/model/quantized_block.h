// SPDX-License-Identifier: GPL-3.0-or-later
//
// One quantized decoder block in storage types: what the journal keeps, what the artifact holds,
// and, through toHost(), what the engine and the quantizer's own second stream compute with.
#pragma once

#include "core/model/model_weights.h"
#include "core/model/safetensors.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace bwla {

/// Tensors "<linear>.weight_packed", ".weight_scale", ".weight_mean", ".low_rank_a" (+ "_scale").
struct QuantizedLinear {
    std::int64_t rows = 0;
    std::vector<std::uint32_t> signs;         ///< rows * wordsPerRow(cols), order of HostLinear
    std::vector<std::uint16_t> scale;         ///< F16 [rows]
    std::vector<std::uint16_t> mean;          ///< F16 [rows] or empty
    std::vector<std::int8_t> lowRankA;        ///< rows * rank
    std::vector<std::uint16_t> lowRankAScale; ///< F16 [rank]
};

/// A rotation factor, size x size: value = int8 * scale.
struct StoredFactor {
    std::int64_t size = 0;           ///< 0 = no rotation
    std::vector<std::int8_t> values; ///< row-major
    float scale = 1.0F;              ///< F32 scalar tensor "<factor>_scale"
};

/// Tensor "<linear>.weight" of a group that is kept in float.
struct KeptLinear {
    std::int64_t rows = 0;
    DType type = DType::f16;           ///< or bf16
    std::vector<std::uint16_t> weight; ///< rows * cols
};

/// Tensors "<group>.transform_a" (+ "_scale"), ".transform_b", ".input_scale", ".input_clip",
/// ".low_rank_b" (+ "_scale").
struct QuantizedGroup {
    std::int64_t cols = 0;
    StoredFactor factorA;                     ///< R1
    StoredFactor factorB;                     ///< R2
    std::vector<std::uint16_t> inputScale;    ///< F16 [cols] or empty (--column-scales off)
    std::array<std::uint16_t, 2> inputClip{}; ///< F16 {low, high}
    std::int64_t rank = 0;
    std::vector<std::int8_t> lowRankB;        ///< rank * cols, already divided by b
    std::vector<std::uint16_t> lowRankBScale; ///< F16 [rank]
    std::vector<QuantizedLinear> linears;     ///< in the order of InputGroup::linears
    /// Not empty: the group is kept in float. Then it has `cols` and these, and nothing else.
    std::vector<KeptLinear> kept;

    [[nodiscard]] bool isKept() const { return !kept.empty(); }
};

struct QuantizedBlock {
    std::array<QuantizedGroup, groupCount> groups; ///< indexed by GroupKind
    std::vector<float> attnNorm;                   ///< F32 [width]
    std::vector<float> mlpNorm;
};

/// Storage to compute types; values exactly as stored, but BF16 rounded to the F16 of an original.
[[nodiscard]] GroupWeights toHost(const QuantizedGroup& group);
[[nodiscard]] LayerWeights toHost(const QuantizedBlock& block);

/// The block's tensors under their artifact names ("model.layers.L...."), sorted by name.
[[nodiscard]] std::vector<NamedTensor> blockTensors(const QuantizedBlock& block,
                                                    std::int64_t layer);

/// The inverse, checked against the configuration. Throws Error{missingTensor, badShape,
/// unsupportedType}, and Error{corrupt} for set pad bits and values that are not finite.
[[nodiscard]] QuantizedBlock readBlock(const SafetensorsFile& file, std::int64_t layer,
                                       const ModelConfig& config);

} // namespace bwla
