// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/model_config.h"
#include "core/model/tensor_view.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace bwla {

/// What a tokenizer is built from, wherever it was found. Ids index `tokens`.
struct TokenizerData {
    std::vector<std::string> tokens;   ///< in the byte-level alphabet of GPT-2 for normal tokens
    std::vector<std::string> merges;   ///< "left right", best first
    std::vector<std::int32_t> special; ///< ids matched verbatim in text, never split
    std::vector<std::int32_t> control; ///< subset of special that is not printed
    std::string preTokenizer;      ///< "smollm", "llama-bpe", "gpt-2", "qwen2", or "" if unknown
    std::string pattern;           ///< split regex from tokenizer.json, or empty
    bool individualDigits = false; ///< tokenizer.json: Digits(individual_digits)
    bool ignoreMerges = false;     ///< tokenizer.json: a word that is a token is not merged
    std::int32_t bos = -1;         ///< -1 = none
    std::vector<std::int32_t> eos; ///< ids that end an answer
    bool addBos = false;
    std::string chatTemplate; ///< Jinja, may be empty
};

/// An unquantized model on disk, a GGUF file or a Hugging Face folder, under one set of names
/// (Hugging Face's) and one row order (Hugging Face's: GGUF's interleaved q and k rows of the llama
/// architecture are put back). Files stay mapped; nothing is changed. Thread-safe after open().
class ModelSource {
public:
    /// Checks structure, family, and that every tensor the family needs is there with the right
    /// shape. Throws Error{notFound, notAModel, truncated, corrupt, tooLarge, missingTensor,
    /// badShape, unsupportedFamily, unsupportedType, unsupportedVersion}.
    [[nodiscard]] static std::unique_ptr<ModelSource> open(const std::filesystem::path& path);
    virtual ~ModelSource() = default;

    [[nodiscard]] virtual const std::filesystem::path& path() const = 0;
    [[nodiscard]] virtual const ModelConfig& config() const = 0;
    [[nodiscard]] virtual bool has(const std::string& name) const = 0;
    /// Rows x cols (or a vector) in float32, Hugging Face row order. Throws Error{missingTensor,
    /// corrupt}. `name` as "model.layers.3.self_attn.q_proj.weight".
    [[nodiscard]] virtual std::vector<float> tensor(const std::string& name) const = 0;
    /// Stored element type of a tensor.
    [[nodiscard]] virtual DType type(const std::string& name) const = 0;
    /// Distinct element types of the linear weights, most common first: "Q4_1".
    [[nodiscard]] virtual std::vector<std::string> dtypes() const = 0;
    /// Throws Error{missingTokenizer, unsupportedTokenizer, corrupt}.
    [[nodiscard]] virtual TokenizerData tokenizer() const = 0;
    /// The original's configuration as JSON text for `base_config` of an artifact (synthesised in
    /// Hugging Face's keys from a GGUF file).
    [[nodiscard]] virtual std::string configJson() const = 0;
    /// tokenizer.json text for the artifact (the file's own, or synthesised from GGUF), and other
    /// files to copy unchanged (generation_config.json, LICENSE), as name -> bytes.
    [[nodiscard]] virtual std::vector<std::pair<std::string, std::string>>
    companionFiles() const = 0;
    /// XXH3-128 over configuration and all tensor bytes, hex: names the model in a recipe.
    [[nodiscard]] virtual std::string fingerprint() const = 0;
};

/// "model.layers.L.<linear>.weight".
[[nodiscard]] std::string linearName(std::int64_t layer, GroupKind kind, int index);

} // namespace bwla
