// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/float_model.h"

namespace bwla {

at::Tensor loadTensor(const ModelSource& source, const std::string& name,
                      std::vector<std::int64_t> shape, const std::string& device) {
    const std::vector<float> values = source.tensor(name);
    const at::Tensor view = at::from_blob(const_cast<float*>(values.data()), shape, at::kFloat);
    return view.to(at::Device(device), at::kFloat, /*non_blocking=*/false, /*copy=*/true);
}

FloatBlock loadBlock(const ModelSource& source, std::int64_t layer, const std::string& device) {
    const ModelConfig& config = source.config();
    FloatBlock block;
    for (const InputGroup& g : groups()) {
        const auto k = static_cast<std::size_t>(g.kind);
        std::vector<at::Tensor> parts;
        for (int i = 0; i < static_cast<int>(g.linears.size()); ++i) {
            const std::int64_t rows = config.linearOutputs(g.kind, i);
            parts.push_back(loadTensor(source, linearName(layer, g.kind, i),
                                       {rows, config.groupInputs(g.kind)}, device));
            block.outputs[k].push_back(rows);
        }
        block.weights[k] = at::cat(parts);
    }
    const std::string prefix = "model.layers." + std::to_string(layer);
    block.attnNorm = loadTensor(source, prefix + ".input_layernorm.weight", {config.width}, device);
    block.mlpNorm =
        loadTensor(source, prefix + ".post_attention_layernorm.weight", {config.width}, device);
    return block;
}

at::ScalarType fastestType(const std::string& device) {
#if defined(__x86_64__)
    if (device == "cpu" && !__builtin_cpu_supports("avx512bf16"))
        return at::kFloat;
    return at::kBFloat16;
#else
    return device == "cpu" ? at::kFloat : at::kBFloat16;
#endif
}

at::Tensor product(const at::Tensor& x, const at::Tensor& w) {
    return at::matmul(x.to(w.scalar_type()), w.t()).to(x.scalar_type());
}

FloatModel::FloatModel(const ModelSource& source, const std::string& device, at::ScalarType type)
    : config_(source.config()) {
    for (std::int64_t layer = 0; layer < config_.layers; ++layer) {
        blocks_.push_back(loadBlock(source, layer, device));
        for (at::Tensor& weights : blocks_.back().weights)
            weights = weights.to(type);
    }
    embedding_ = loadTensor(source, "model.embed_tokens.weight",
                            {config_.vocabulary, config_.width}, device);
    head_ = config_.tiedHead
                ? embedding_
                : loadTensor(source, "lm_head.weight", {config_.vocabulary, config_.width}, device);
    head_ = head_.to(type);
    finalNorm_ = loadTensor(source, "model.norm.weight", {config_.width}, device);
}

at::Tensor FloatModel::embed(const at::Tensor& ids) const {
    return embedding_.index_select(0, ids);
}

at::Tensor FloatModel::logits(const at::Tensor& x) const {
    return product(rmsNorm(x, finalNorm_, config_.normEpsilon), head_);
}

} // namespace bwla
