// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/error.h"
#include "core/model/half.h"
#include "core/model/model_source.h"
#include "core/model/model_weights.h"
#include "core/model/tensor_names.h"

#include <algorithm>

namespace bwla {
namespace {

class FloatWeights : public ModelWeights {
public:
    FloatWeights(const ModelSource& source, WeightKind kind) : source_(source), kind_(kind) {}

    [[nodiscard]] const ModelConfig& config() const override { return source_.config(); }

    [[nodiscard]] LayerWeights layer(std::int64_t index) const override {
        LayerWeights weights;
        for (const InputGroup& g : groups()) {
            GroupWeights& group = weights.groups[static_cast<std::size_t>(g.kind)];
            group.input.cols = config().groupInputs(g.kind);
            for (int i = 0; i < static_cast<int>(g.linears.size()); ++i)
                group.linears.push_back(linear(linearName(index, g.kind, i),
                                               config().linearOutputs(g.kind, i),
                                               group.input.cols));
        }
        weights.attnNorm = source_.tensor(attnNormName(index));
        weights.mlpNorm = source_.tensor(mlpNormName(index));
        return weights;
    }

    [[nodiscard]] HostLinear embedding() const override {
        return linear(embeddingName, config().vocabulary, config().width);
    }
    [[nodiscard]] HostLinear head() const override {
        return linear(headName, config().vocabulary, config().width);
    }
    [[nodiscard]] std::vector<float> finalNorm() const override {
        return source_.tensor(finalNormName);
    }
    [[nodiscard]] int activationBits() const override { return 16; }
    [[nodiscard]] std::string format() const override {
        return kind_ == WeightKind::f16 ? "f16" : "f32";
    }

private:
    [[nodiscard]] HostLinear linear(const std::string& name, std::int64_t rows,
                                    std::int64_t cols) const {
        HostLinear result;
        result.kind = kind_;
        result.rows = rows;
        result.cols = cols;
        result.f32 = source_.tensor(name);
        if (kind_ == WeightKind::f16) {
            result.f16.resize(result.f32.size());
            std::ranges::transform(result.f32, result.f16.begin(), floatToHalf);
            result.f32 = {};
        }
        return result;
    }

    const ModelSource& source_;
    WeightKind kind_;
};

} // namespace

std::unique_ptr<ModelWeights> floatWeights(const ModelSource& source, WeightKind kind) {
    if (kind != WeightKind::f16 && kind != WeightKind::f32)
        throw Error(ErrorCode::badArgument)
            .because("The original is available with F16 or F32 weights only.");
    return std::make_unique<FloatWeights>(source, kind);
}

} // namespace bwla
