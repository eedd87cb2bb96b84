// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/gguf_source.h"

#include "core/model/gguf_tokenizer.h"
#include "core/model/llama_config.h"
#include "core/model/tensor_names.h"

#include <array>
#include <string_view>
#include <utility>

namespace bwla {
namespace {

using NamePair = std::pair<std::string_view, std::string_view>; // Hugging Face, GGUF

constexpr std::array modelNames{
    NamePair{embeddingName, "token_embd.weight"},
    NamePair{finalNormName, "output_norm.weight"},
    NamePair{headName, "output.weight"},
};

constexpr std::array layerNames{
    NamePair{"input_layernorm.weight", "attn_norm.weight"},
    NamePair{"self_attn.q_proj.weight", "attn_q.weight"},
    NamePair{"self_attn.k_proj.weight", "attn_k.weight"},
    NamePair{"self_attn.v_proj.weight", "attn_v.weight"},
    NamePair{"self_attn.o_proj.weight", "attn_output.weight"},
    NamePair{"post_attention_layernorm.weight", "ffn_norm.weight"},
    NamePair{"mlp.gate_proj.weight", "ffn_gate.weight"},
    NamePair{"mlp.up_proj.weight", "ffn_up.weight"},
    NamePair{"mlp.down_proj.weight", "ffn_down.weight"},
};

constexpr std::string_view layerStart = "model.layers.";

/// GGUF keeps the rows of each head of q and k interleaved for adjacent-pair rotary embeddings:
/// row 2i + h of the file is row h * headDim / 2 + i of Hugging Face (h = 0, 1), the inverse of
/// the permutation in llama.cpp's conversion script.
std::vector<float> halfSplitRows(const std::vector<float>& rows, std::int64_t headDim,
                                 std::int64_t cols) {
    std::vector<float> result(rows.size());
    const auto heads = static_cast<std::int64_t>(rows.size()) / (headDim * cols);
    for (std::int64_t head = 0; head < heads; ++head)
        for (std::int64_t row = 0; row < headDim; ++row) {
            const std::int64_t half = row / (headDim / 2);
            const std::int64_t stored = 2 * (row % (headDim / 2)) + half;
            const auto from = rows.begin() + (head * headDim + stored) * cols;
            std::copy(from, from + cols, result.begin() + (head * headDim + row) * cols);
        }
    return result;
}

bool interleaved(const std::string& name) {
    return name.ends_with("self_attn.q_proj.weight") || name.ends_with("self_attn.k_proj.weight");
}

} // namespace

std::string ggufName(const std::string& huggingFaceName) {
    for (const auto& [name, gguf] : modelNames)
        if (name == huggingFaceName)
            return std::string(gguf);
    if (!huggingFaceName.starts_with(layerStart))
        return {};
    const std::size_t dot = huggingFaceName.find('.', layerStart.size());
    if (dot == std::string::npos)
        return {};
    const std::string layer = huggingFaceName.substr(layerStart.size(), dot - layerStart.size());
    for (const auto& [name, gguf] : layerNames)
        if (huggingFaceName.substr(dot + 1) == name)
            return "blk." + layer + "." + std::string(gguf);
    return {};
}

GgufSource::GgufSource(const std::filesystem::path& path)
    : TensorSource(path), file_(GgufFile::open(path)), configJson_(llamaConfigJson(file_)) {
    config_ = llamaConfig(JsonObject(configJson_, path));
    for (const ExpectedTensor& expected : expectedTensors(config_)) {
        TensorView view = file_.at(ggufName(expected.name));
        view.name = expected.name;
        tensors_.emplace(expected.name, std::move(view));
    }
    checkTensors();
}

std::vector<float> GgufSource::tensor(const std::string& name) const {
    auto values = TensorSource::tensor(name);
    return interleaved(name) ? halfSplitRows(values, config_.headDim, config_.width)
                             : std::move(values);
}

TokenizerData GgufSource::tokenizer() const {
    return ggufTokenizer(file_);
}

std::string GgufSource::configJson() const {
    return configJson_.dump();
}

std::vector<std::pair<std::string, std::string>> GgufSource::companionFiles() const {
    return ggufCompanions(file_);
}

} // namespace bwla
