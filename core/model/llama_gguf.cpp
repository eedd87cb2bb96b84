// SPDX-License-Identifier: GPL-3.0-or-later
//
// Keys of the llama architecture: ggml, docs/gguf.md, "LLM" and "llama".
#include "core/error.h"
#include "core/model/dequantizer.h"
#include "core/model/llama_config.h"
#include "core/model/rope_frequencies.h"

namespace bwla {
namespace {

class LlamaKeys {
public:
    explicit LlamaKeys(const GgufFile& file) : file_(file) {}

    [[nodiscard]] std::int64_t required(const std::string& key) const {
        const auto value = optional(key);
        if (!value)
            throw Error(ErrorCode::corrupt)
                .in(file_.path().string())
                .because("the metadata key llama." + key + " is missing");
        return *value;
    }
    [[nodiscard]] std::optional<std::int64_t> optional(const std::string& key) const {
        return file_.metadata().integer("llama." + key);
    }
    [[nodiscard]] std::optional<double> number(const std::string& key) const {
        return file_.metadata().number("llama." + key);
    }
    [[nodiscard]] std::optional<std::string> text(const std::string& key) const {
        return file_.metadata().text("llama." + key);
    }
    [[noreturn]] void refuseFamily(const std::string& what) const {
        throw Error(ErrorCode::unsupportedFamily).in(file_.path().string()).because(what);
    }

private:
    const GgufFile& file_;
};

void checkVariant(const GgufFile& file, const LlamaKeys& keys, std::int64_t headDim) {
    if (keys.optional("expert_count").value_or(0) > 0)
        keys.refuseFamily("llama with a mixture of experts");
    if (keys.optional("attention.value_length").value_or(headDim) != headDim)
        keys.refuseFamily("llama with heads of two sizes");
    if (keys.optional("rope.dimension_count").value_or(headDim) != headDim)
        keys.refuseFamily("llama with partial rotary embeddings");
    if (file.has("blk.0.attn_q.bias") || file.has("blk.0.attn_output.bias") ||
        file.has("blk.0.ffn_down.bias"))
        keys.refuseFamily("llama with biases");
}

/// null where the frequencies are not scaled.
Json ropeScaling(const GgufFile& file, const LlamaKeys& keys, double theta) {
    if (file.has("rope_freqs.weight"))
        return ropeScalingOf(dequantize(file.at("rope_freqs.weight")), theta);
    const std::string type = keys.text("rope.scaling.type").value_or("none");
    if (type == "none")
        return nullptr;
    return {{"rope_type", type}, {"factor", keys.number("rope.scaling.factor").value_or(1.0)}};
}

} // namespace

Json llamaConfigJson(const GgufFile& file) {
    const LlamaKeys keys(file);
    const auto architecture = file.metadata().text("general.architecture");
    if (!architecture)
        throw Error(ErrorCode::notAModel)
            .in(file.path().string())
            .because("the GGUF file names no architecture");
    if (*architecture != "llama")
        keys.refuseFamily(*architecture);

    const std::int64_t width = keys.required("embedding_length");
    const std::int64_t heads = keys.required("attention.head_count");
    if (heads <= 0 || width % heads != 0)
        throw Error(ErrorCode::corrupt)
            .in(file.path().string())
            .because("llama.embedding_length is no multiple of llama.attention.head_count");
    const std::int64_t headDim = keys.optional("attention.key_length").value_or(width / heads);
    checkVariant(file, keys, headDim);
    const double theta = keys.number("rope.freq_base").value_or(10000.0);
    const auto epsilon = keys.number("attention.layer_norm_rms_epsilon");

    Json config = {
        {"architectures", {"LlamaForCausalLM"}},
        {"model_type", "llama"},
        {"_name_or_path", file.metadata().text("general.name").value_or("")},
        {"hidden_act", "silu"},
        {"attention_bias", false},
        {"mlp_bias", false},
        {"hidden_size", width},
        {"num_attention_heads", heads},
        {"num_key_value_heads", keys.optional("attention.head_count_kv").value_or(heads)},
        {"head_dim", headDim},
        {"intermediate_size", keys.required("feed_forward_length")},
        {"num_hidden_layers", keys.required("block_count")},
        {"max_position_embeddings", keys.required("context_length")},
        {"vocab_size", file.at("token_embd.weight").shape.front()},
        {"rms_norm_eps", epsilon.value_or(1e-5)},
        {"rope_theta", theta},
        {"rope_scaling", ropeScaling(file, keys, theta)},
        {"tie_word_embeddings", !file.has("output.weight")}};
    if (const auto bos = file.metadata().integer("tokenizer.ggml.bos_token_id"))
        config["bos_token_id"] = *bos;
    if (const auto eos = file.metadata().integer("tokenizer.ggml.eos_token_id"))
        config["eos_token_id"] = *eos;
    return config;
}

} // namespace bwla
