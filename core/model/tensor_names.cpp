// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/tensor_names.h"

#include "core/model/model_source.h"

namespace bwla {

std::string layerPrefix(std::int64_t layer) {
    return "model.layers." + std::to_string(layer) + ".";
}

std::string attnNormName(std::int64_t layer) {
    return layerPrefix(layer) + "input_layernorm.weight";
}

std::string mlpNormName(std::int64_t layer) {
    return layerPrefix(layer) + "post_attention_layernorm.weight";
}

std::string moduleName(std::int64_t layer, GroupKind kind, int index) {
    return layerPrefix(layer) + std::string(group(kind).linears[static_cast<std::size_t>(index)]);
}

std::string linearName(std::int64_t layer, GroupKind kind, int index) {
    return moduleName(layer, kind, index) + ".weight";
}

std::vector<ExpectedTensor> expectedTensors(const ModelConfig& config) {
    std::vector<ExpectedTensor> all;
    all.push_back({embeddingName, {config.vocabulary, config.width}});
    for (std::int64_t layer = 0; layer < config.layers; ++layer) {
        all.push_back({attnNormName(layer), {config.width}});
        all.push_back({mlpNormName(layer), {config.width}});
        for (const InputGroup& g : groups())
            for (int i = 0; i < static_cast<int>(g.linears.size()); ++i)
                all.push_back({linearName(layer, g.kind, i),
                               {config.linearOutputs(g.kind, i), config.groupInputs(g.kind)},
                               true});
    }
    all.push_back({finalNormName, {config.width}});
    if (!config.tiedHead)
        all.push_back({headName, {config.vocabulary, config.width}});
    return all;
}

} // namespace bwla
