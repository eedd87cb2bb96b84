// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/random_model.h"

#include "core/error.h"
#include "core/model/rope_frequencies.h"
#include "core/model/tensor_names.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>

namespace bwla {
namespace {

class RandomModel final : public ModelSource {
public:
    explicit RandomModel(const ModelConfig& config)
        : config_(config), tensors_(expectedTensors(config)) {}

    [[nodiscard]] const std::filesystem::path& path() const override { return path_; }
    [[nodiscard]] const ModelConfig& config() const override { return config_; }
    [[nodiscard]] bool has(const std::string& name) const override {
        return find(name) != tensors_.end();
    }
    [[nodiscard]] std::vector<float> tensor(const std::string& name) const override {
        const auto found = find(name);
        if (found == tensors_.end())
            throw Error(ErrorCode::missingTensor).of(name);
        at::Generator random = at::detail::createCPUGenerator(
            static_cast<std::uint64_t>(found - tensors_.begin()) + 1);
        at::Tensor values = at::randn(found->shape, random, at::kFloat);
        if (found->shape.size() == 1)
            values.mul_(0.1).add_(1.0);
        else
            values.div_(std::sqrt(static_cast<double>(found->shape.back())));
        const float* data = values.data_ptr<float>();
        return {data, data + values.numel()};
    }
    [[nodiscard]] DType type(const std::string&) const override { return DType::f32; }
    [[nodiscard]] std::vector<std::string> dtypes() const override { return {"F32"}; }
    [[nodiscard]] TokenizerData tokenizer() const override {
        throw Error(ErrorCode::missingTokenizer);
    }
    [[nodiscard]] std::string configJson() const override { return "{}"; }
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> companionFiles() const override {
        return {};
    }
    [[nodiscard]] std::string fingerprint() const override { return "random"; }

private:
    [[nodiscard]] std::vector<ExpectedTensor>::const_iterator find(const std::string& name) const {
        return std::find_if(tensors_.begin(), tensors_.end(),
                            [&](const ExpectedTensor& tensor) { return tensor.name == name; });
    }

    std::filesystem::path path_ = "random";
    ModelConfig config_;
    std::vector<ExpectedTensor> tensors_;
};

} // namespace

std::unique_ptr<ModelSource> randomModel(const ModelConfig& config) {
    return std::make_unique<RandomModel>(config);
}

ModelConfig smallLlamaShape(std::int64_t layers, std::int64_t context) {
    ModelConfig config;
    config.family = "llama";
    config.layers = layers;
    config.width = 576;
    config.feedForward = 1536;
    config.heads = 9;
    config.kvHeads = 3;
    config.headDim = 64;
    config.vocabulary = 49'152;
    config.context = context;
    config.inverseFrequencies =
        ropeFrequencies(config.headDim, config.ropeTheta, JsonObject(Json::object(), "random"));
    config.tiedHead = true;
    return config;
}

} // namespace bwla
