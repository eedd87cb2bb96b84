// SPDX-License-Identifier: GPL-3.0-or-later
//
// Tiny random Llama checkpoints, the same for the same seed, as a Hugging Face folder or as GGUF.
#pragma once

#include "core/model/half.h"
#include "core/model/json_text.h"
#include "core/model/llama_config.h"
#include "core/model/safetensors.h"
#include "core/model/tensor_names.h"
#include "core/model/tokenizer_json.h"
#include "gguf_builder.h"
#include "tiny_tokenizer.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace bwla::test {

/// Sides whose factor pairs are unequal: 48 = 6 x 8 and 80 = 8 x 10, so that swapped factors show.
struct TinyModel {
    std::int64_t layers = 2;
    std::int64_t width = 48;
    std::int64_t feedForward = 80;
    std::int64_t heads = 6;
    std::int64_t kvHeads = 2;
    std::int64_t headDim = 8;
    std::int64_t context = 256;
    bool tiedHead = true;
    bool withTokenizer = true;
    unsigned seed = 1;

    /// Rows of whole 32-value blocks, for the q types of GGUF: 96 = 8 x 12 and 160 = 10 x 16.
    [[nodiscard]] static TinyModel wide() {
        TinyModel model;
        model.width = 96;
        model.feedForward = 160;
        model.headDim = 16;
        return model;
    }
};

inline Json tinyConfig(const TinyModel& model) {
    return {{"architectures", {"LlamaForCausalLM"}},
            {"model_type", "llama"},
            {"hidden_act", "silu"},
            {"hidden_size", model.width},
            {"intermediate_size", model.feedForward},
            {"num_hidden_layers", model.layers},
            {"num_attention_heads", model.heads},
            {"num_key_value_heads", model.kvHeads},
            {"head_dim", model.headDim},
            {"vocab_size", tinyTokenizer().tokens.size()},
            {"max_position_embeddings", model.context},
            {"rms_norm_eps", 1e-5},
            {"rope_theta", 10000.0},
            {"tie_word_embeddings", model.tiedHead},
            {"bos_token_id", 1},
            {"eos_token_id", 2}};
}

/// Normal weights with standard deviation 1 / sqrt(inputs), gains near 1. Heavy-tailed columns are
/// left out on purpose: what is tested with them is arithmetic, not quality.
inline std::vector<float> tinyValues(const ExpectedTensor& tensor, const TinyModel& model) {
    std::seed_seq seed{model.seed, static_cast<unsigned>(std::hash<std::string>{}(tensor.name))};
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::size_t count = 1;
    for (const std::int64_t side : tensor.shape)
        count *= static_cast<std::size_t>(side);
    std::vector<float> values(count);
    const bool gain = tensor.shape.size() == 1;
    const float spread = gain ? 0.1F : 1.0F / std::sqrt(static_cast<float>(tensor.shape.back()));
    for (float& value : values)
        value = spread * normal(random) + (gain ? 1.0F : 0.0F);
    return values;
}

inline std::vector<ExpectedTensor> tinyTensors(const TinyModel& model) {
    const Json json = tinyConfig(model);
    return expectedTensors(llamaConfig(JsonObject(json, "config.json")));
}

inline NamedTensor floatTensor(const ExpectedTensor& tensor, const std::vector<float>& values) {
    const auto bytes = std::as_bytes(std::span(values));
    return {tensor.name, DType::f32, tensor.shape, {bytes.begin(), bytes.end()}};
}

/// config.json, model.safetensors in F32, tokenizer.json, tokenizer_config.json.
inline void writeTinyFolder(const std::filesystem::path& folder, const TinyModel& model = {}) {
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "config.json") << prettyJson(tinyConfig(model));
    std::vector<NamedTensor> tensors;
    for (const ExpectedTensor& tensor : tinyTensors(model))
        tensors.push_back(floatTensor(tensor, tinyValues(tensor, model)));
    writeSafetensors(folder / "model.safetensors", tensors, {{"format", "pt"}});
    if (!model.withTokenizer)
        return;
    const TokenizerData tokenizer = tinyTokenizer();
    std::ofstream(folder / "tokenizer.json") << prettyJson(tokenizerJson(tokenizer));
    std::ofstream(folder / "tokenizer_config.json")
        << prettyJson({{"bos_token", tokenizer.tokens[1]},
                       {"eos_token", tokenizer.tokens[2]},
                       {"chat_template", tokenizer.chatTemplate}});
}

/// ggml's blocks of 32 values: scale (and minimum) as halves, then the integers.
inline std::string ggmlBlock(const float* values, DType type) {
    const auto [low, high] = std::minmax_element(values, values + 32);
    std::string out;
    if (type == DType::q8_0) {
        const float d = std::max(std::abs(*low), std::abs(*high)) / 127.0F;
        out += GgufBuilder::plain(floatToHalf(d));
        for (int i = 0; i < 32; ++i)
            out += static_cast<char>(std::lround(d > 0 ? values[i] / d : 0.0F));
        return out;
    }
    const bool symmetric = type == DType::q4_0;
    const float m = symmetric ? 0.0F : *low;
    const float d =
        symmetric ? std::max(std::abs(*low), std::abs(*high)) / -8.0F : (*high - *low) / 15.0F;
    const auto level = [&](float value) {
        const float q = (d != 0.0F ? (value - m) / d : 0.0F) + (symmetric ? 8.0F : 0.0F);
        return static_cast<unsigned>(std::clamp(std::lround(q), 0L, 15L));
    };
    out += GgufBuilder::plain(floatToHalf(d));
    if (!symmetric)
        out += GgufBuilder::plain(floatToHalf(m));
    for (int i = 0; i < 16; ++i)
        out += static_cast<char>(level(values[i]) | level(values[i + 16]) << 4U);
    return out;
}

inline std::pair<std::uint32_t, std::string> ggmlTensor(const std::vector<float>& values,
                                                        DType type) {
    std::string data;
    if (type == DType::f32) {
        for (const float value : values)
            data += GgufBuilder::plain(value);
        return {0, data};
    }
    if (type == DType::f16) {
        for (const float value : values)
            data += GgufBuilder::plain(floatToHalf(value));
        return {1, data};
    }
    if (type == DType::bf16) { // the upper half, rounded toward zero
        for (const float value : values)
            data += GgufBuilder::plain(
                static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16U));
        return {30, data};
    }
    for (std::size_t i = 0; i < values.size(); i += 32)
        data += ggmlBlock(values.data() + i, type);
    return {type == DType::q8_0 ? 8U : type == DType::q4_0 ? 2U : 3U, data};
}

/// Rows of q and k as llama.cpp's converter stores them: halves of each head interleaved.
inline std::vector<float> interleaveRows(const std::vector<float>& rows, std::int64_t headDim,
                                         std::int64_t cols) {
    std::vector<float> out;
    const auto count = static_cast<std::int64_t>(rows.size()) / cols;
    for (std::int64_t row = 0; row < count; ++row) {
        const std::int64_t inHead = row % headDim;
        const std::int64_t from = row - inHead + inHead / 2 + (inHead % 2) * (headDim / 2);
        out.insert(out.end(), rows.begin() + from * cols, rows.begin() + (from + 1) * cols);
    }
    return out;
}

inline std::string tinyGgufName(std::string name) {
    static const std::vector<std::pair<std::string, std::string>> parts{
        {"model.embed_tokens", "token_embd"},
        {"model.norm", "output_norm"},
        {"lm_head", "output"},
        {"model.layers.", "blk."},
        {"input_layernorm", "attn_norm"},
        {"post_attention_layernorm", "ffn_norm"},
        {"self_attn.q_proj", "attn_q"},
        {"self_attn.k_proj", "attn_k"},
        {"self_attn.v_proj", "attn_v"},
        {"self_attn.o_proj", "attn_output"},
        {"mlp.gate_proj", "ffn_gate"},
        {"mlp.up_proj", "ffn_up"},
        {"mlp.down_proj", "ffn_down"}};
    for (const auto& [from, to] : parts)
        if (const std::size_t at = name.find(from); at != std::string::npos)
            name.replace(at, from.size(), to);
    return name;
}

/// Metadata and tensors of the same checkpoint that writeTinyFolder writes; matrices of `type`.
inline GgufBuilder tinyGguf(DType type, const TinyModel& model = {}) {
    GgufBuilder file;
    file.text("general.architecture", "llama");
    file.text("general.name", "tiny");
    file.u32("llama.block_count", static_cast<std::uint32_t>(model.layers));
    file.u32("llama.context_length", static_cast<std::uint32_t>(model.context));
    file.u32("llama.embedding_length", static_cast<std::uint32_t>(model.width));
    file.u32("llama.feed_forward_length", static_cast<std::uint32_t>(model.feedForward));
    file.u32("llama.attention.head_count", static_cast<std::uint32_t>(model.heads));
    file.u32("llama.attention.head_count_kv", static_cast<std::uint32_t>(model.kvHeads));
    file.u32("llama.attention.key_length", static_cast<std::uint32_t>(model.headDim));
    file.f32("llama.attention.layer_norm_rms_epsilon", 1e-5F);
    if (model.withTokenizer) {
        const TokenizerData tokenizer = tinyTokenizer();
        std::vector<std::int32_t> kinds(tokenizer.tokens.size(), 1);
        for (const std::int32_t id : tokenizer.control)
            kinds[static_cast<std::size_t>(id)] = 3;
        file.text("tokenizer.ggml.model", "gpt2");
        file.text("tokenizer.ggml.pre", tokenizer.preTokenizer);
        file.texts("tokenizer.ggml.tokens", tokenizer.tokens);
        file.integers("tokenizer.ggml.token_type", kinds);
        file.texts("tokenizer.ggml.merges", tokenizer.merges);
        file.u32("tokenizer.ggml.bos_token_id", 1);
        file.u32("tokenizer.ggml.eos_token_id", 2);
        file.text("tokenizer.chat_template", tokenizer.chatTemplate);
    }
    for (const ExpectedTensor& tensor : tinyTensors(model)) {
        auto values = tinyValues(tensor, model);
        if (tensor.name.find("q_proj") != std::string::npos ||
            tensor.name.find("k_proj") != std::string::npos)
            values = interleaveRows(values, model.headDim, model.width);
        const auto [id, data] = ggmlTensor(values, tensor.shape.size() == 1 ? DType::f32 : type);
        file.tensors.push_back(
            {tinyGgufName(tensor.name), {tensor.shape.rbegin(), tensor.shape.rend()}, id, data});
    }
    return file;
}

inline void writeTinyGguf(const std::filesystem::path& file, DType type,
                          const TinyModel& model = {}) {
    tinyGguf(type, model).write(file);
}

} // namespace bwla::test
