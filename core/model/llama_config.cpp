// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/llama_config.h"

#include "core/error.h"
#include "core/model/rope_frequencies.h"

#include <cmath>

namespace bwla {
namespace {

// Every side of a tensor stays below this, so that products of two sides and a layer count fit
// 64 bits with room to spare. The largest Llama has a vocabulary of 128,256.
constexpr std::int64_t sideLimit = 1 << 22;
constexpr std::int64_t layerLimit = 4096;

[[noreturn]] void refuseFamily(const JsonObject& config, const std::string& what) {
    throw Error(ErrorCode::unsupportedFamily).in(config.file().string()).because(what);
}

std::int64_t sized(const JsonObject& config, const char* key, std::int64_t value,
                   std::int64_t limit = sideLimit) {
    if (value <= 0)
        config.refuse(key, "is not positive");
    if (value > limit)
        throw Error(ErrorCode::tooLarge)
            .in(config.file().string())
            .wanted(limit)
            .got(value)
            .because(key);
    return value;
}

std::int64_t required(const JsonObject& config, const char* key, std::int64_t limit = sideLimit) {
    return sized(config, key, config.requiredInteger(key), limit);
}

std::int64_t optional(const JsonObject& config, const char* key, std::int64_t standard) {
    return sized(config, key, config.integer(key).value_or(standard));
}

void checkArchitecture(const JsonObject& config) {
    const Json* list = config.find("architectures");
    std::string architecture = config.text("model_type").value_or("");
    if (list != nullptr && list->is_array() && !list->empty() && list->front().is_string())
        architecture = list->front().get<std::string>();
    if (architecture.empty())
        config.refuse("architectures", "is missing");
    const bool mistral = architecture == "MistralForCausalLM";
    if (architecture != "LlamaForCausalLM" && architecture != "llama" && !mistral)
        refuseFamily(config, architecture);
    const auto window = config.integer("sliding_window");
    if (window && *window < config.integer("max_position_embeddings").value_or(INT64_MAX))
        refuseFamily(config, architecture + " with a sliding window");
}

/// What a Llama-like model may switch on and this engine does not compute.
void checkVariant(const JsonObject& config) {
    if (config.boolean("attention_bias").value_or(false) ||
        config.boolean("mlp_bias").value_or(false))
        refuseFamily(config, "llama with biases");
    const std::string activation = config.text("hidden_act").value_or("silu");
    if (activation != "silu")
        refuseFamily(config, "llama with activation " + activation);
    if (const Json* quantized = config.find("quantization_config")) {
        const JsonObject method(*quantized, config.file());
        refuseFamily(config, "llama quantized by " +
                                 method.text("quant_method").value_or("another program"));
    }
}

void readRope(const JsonObject& config, ModelConfig& result) {
    static const Json none = Json::object();
    // transformers 5 gathers what used to be rope_theta and rope_scaling in rope_parameters
    const Json* scaling = config.find("rope_parameters");
    if (scaling == nullptr)
        scaling = config.find("rope_scaling");
    const JsonObject rope(scaling == nullptr ? none : *scaling, config.file());
    result.ropeTheta =
        rope.number("rope_theta").value_or(config.number("rope_theta").value_or(10000.0));
    if (!(result.ropeTheta > 1.0) || !std::isfinite(result.ropeTheta))
        config.refuse("rope_theta", "is not above 1");
    if (config.number("partial_rotary_factor").value_or(1.0) != 1.0)
        refuseFamily(config, "llama with partial rotary embeddings");
    result.inverseFrequencies = ropeFrequencies(result.headDim, result.ropeTheta, rope);
}

} // namespace

ModelConfig llamaConfig(const JsonObject& config) {
    checkArchitecture(config);
    checkVariant(config);
    ModelConfig result;
    result.family = "llama";
    result.name = config.text("_name_or_path").value_or("");
    result.layers = required(config, "num_hidden_layers", layerLimit);
    result.width = required(config, "hidden_size");
    result.feedForward = required(config, "intermediate_size");
    result.heads = required(config, "num_attention_heads");
    result.kvHeads = optional(config, "num_key_value_heads", result.heads);
    if (!config.integer("head_dim") && result.width % result.heads != 0)
        config.refuse("hidden_size", "is no multiple of num_attention_heads");
    result.headDim = optional(config, "head_dim", result.width / result.heads);
    result.vocabulary = required(config, "vocab_size");
    result.context = sized(config, "max_position_embeddings",
                           config.integer("max_position_embeddings").value_or(2048), INT64_MAX);
    result.normEpsilon = static_cast<float>(config.number("rms_norm_eps").value_or(1e-6));
    result.tiedHead = config.boolean("tie_word_embeddings").value_or(false);
    if (result.heads % result.kvHeads != 0)
        config.refuse("num_attention_heads", "is no multiple of num_key_value_heads");
    if (result.headDim % 2 != 0)
        config.refuse("head_dim", "is odd");
    sized(config, "num_attention_heads times head_dim", result.heads * result.headDim);
    if (!(result.normEpsilon >= 0.0F) || !std::isfinite(result.normEpsilon))
        config.refuse("rms_norm_eps", "is negative");
    readRope(config, result);
    return result;
}

} // namespace bwla
