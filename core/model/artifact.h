// SPDX-License-Identifier: GPL-3.0-or-later
//
// The quantized model on disk (design 5, docs/format.md): a folder in Hugging Face form that stock
// loaders refuse by its model_type "bwla".
#pragma once

#include "core/model/model_weights.h"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace bwla {

/// Bits an artifact spends, counted from the bytes of its files (ledger of design 2).
struct BitsLedger {
    std::int64_t weights = 0;  ///< weights of the decoder's linears
    std::int64_t signBits = 0; ///< with padding
    std::int64_t rowScaleBits = 0;
    std::int64_t rowMeanBits = 0;
    std::int64_t columnScaleBits = 0;
    std::int64_t rotationBits = 0; ///< factors and their scales
    std::int64_t lowRankBits = 0;
    std::int64_t clipBits = 0;
    std::int64_t keptWeights = 0; ///< of `weights`, those kept in float
    std::int64_t keptBits = 0;    ///< 16 each
    std::int64_t otherBits = 0;   ///< embeddings, head, norms, headers: the rest of the files
    [[nodiscard]] std::int64_t linearBits() const {
        return signBits + rowScaleBits + rowMeanBits + columnScaleBits + rotationBits +
               lowRankBits + clipBits + keptBits;
    }
    /// Over all linears, those kept in float at their 16 bits.
    [[nodiscard]] double bitsPerWeight() const {
        return static_cast<double>(linearBits()) / static_cast<double>(weights);
    }
    /// Over the one-bit linears alone; NaN where there is none.
    [[nodiscard]] double bitsPerQuantizedWeight() const {
        return static_cast<double>(linearBits() - keptBits) /
               static_cast<double>(weights - keptWeights);
    }
    [[nodiscard]] double keptShare() const {
        return static_cast<double>(keptWeights) / static_cast<double>(weights);
    }
};

/// An artifact opened for reading; tensors stay mapped. Thread-safe after open().
class Artifact : public ModelWeights {
public:
    /// True where config.json of the folder says model_type "bwla".
    [[nodiscard]] static bool isArtifact(const std::filesystem::path& folder);
    /// Checks structure, shapes and names, not the hashes. Throws Error{notFound, notAModel,
    /// unsupportedVersion, corrupt, truncated, missingTensor, badShape}.
    [[nodiscard]] static std::unique_ptr<Artifact> open(const std::filesystem::path& folder);

    [[nodiscard]] virtual const std::filesystem::path& path() const = 0;
    /// Compares every tensor with its XXH3-128. Throws Error{hashMismatch} with the tensor.
    virtual void checkHashes() const = 0;
    [[nodiscard]] virtual std::int64_t tensorCount() const = 0;
    [[nodiscard]] virtual BitsLedger ledger() const = 0;
    /// The group's linears are kept in float, as `modules_to_not_convert` says.
    [[nodiscard]] virtual bool isKept(std::int64_t layer, GroupKind kind) const = 0;
    /// Where groups have activation bits of their own; else empty lists.
    [[nodiscard]] virtual const ActivationBits& groupBits() const = 0;
    /// Element types of the kept linears: none, "F16", "BF16" or both.
    [[nodiscard]] virtual std::vector<std::string> keptTypes() const = 0;
    [[nodiscard]] virtual TokenizerData tokenizer() const = 0;
    /// `quantization_config` of config.json, as JSON text.
    [[nodiscard]] virtual std::string quantizationConfig() const = 0;
    [[nodiscard]] virtual std::string recipeHash() const = 0;
    [[nodiscard]] virtual std::int64_t fileBytes() const = 0; ///< of all files in the folder
};

} // namespace bwla
