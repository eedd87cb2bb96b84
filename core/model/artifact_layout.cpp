// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/artifact_layout.h"

#include "core/model/model_source.h"
#include "core/model/tensor_names.h"
#include "kernels/host_linear.h"

#include <iterator>

namespace bwla {
namespace {

class Layout {
public:
    Layout(const ModelConfig& model, const ArtifactConfig& artifact)
        : model_(model), artifact_(artifact) {}

    [[nodiscard]] std::vector<ArtifactTensor> list() {
        addTable(embeddingName);
        for (std::int64_t layer = 0; layer < model_.layers; ++layer) {
            for (const InputGroup& g : groups())
                addGroup(layer, g);
            add(attnNormName(layer), DType::f32, {model_.width}, LedgerPart::other);
            add(mlpNormName(layer), DType::f32, {model_.width}, LedgerPart::other);
        }
        add(finalNormName, DType::f32, {model_.width}, LedgerPart::other);
        if (!model_.tiedHead)
            addTable(headName);
        return std::move(tensors_);
    }

private:
    void add(const std::string& name, DType type, std::vector<std::int64_t> shape, LedgerPart part,
             bool optional = false) {
        tensors_.push_back({name, type, std::move(shape), part, optional});
    }

    void addTable(const std::string& name) {
        add(name, DType::i8, {model_.vocabulary, model_.width}, LedgerPart::other);
        add(name + "_scale", DType::f16, {model_.vocabulary}, LedgerPart::other);
    }

    void addFactor(const std::string& name, std::int64_t size) {
        add(name, DType::i8, {size, size}, LedgerPart::rotation);
        add(name + "_scale", DType::f32, {}, LedgerPart::rotation);
    }

    void addGroup(std::int64_t layer, const InputGroup& group) {
        const std::string name = layerPrefix(layer) + std::string(group.name);
        const auto at = static_cast<std::size_t>(group.kind);
        const std::int64_t cols = model_.groupInputs(group.kind);
        if (artifact_.isKept(layer, group.kind)) {
            for (int i = 0; i < std::ssize(group.linears); ++i)
                add(linearName(layer, group.kind, i), DType::f16,
                    {model_.linearOutputs(group.kind, i), cols}, LedgerPart::kept);
            return;
        }
        const std::int64_t rank = artifact_.ranks[at][static_cast<std::size_t>(layer)];
        if (const auto [first, second] = artifact_.factors[at]; first != 0) {
            addFactor(name + ".transform_a", first);
            addFactor(name + ".transform_b", second);
        }
        add(name + ".input_scale", DType::f16, {cols}, LedgerPart::columnScale, true);
        add(name + ".input_clip", DType::f16, {2}, LedgerPart::clip);
        if (rank > 0) {
            add(name + ".low_rank_b", DType::i8, {rank, cols}, LedgerPart::lowRank);
            add(name + ".low_rank_b_scale", DType::f16, {rank}, LedgerPart::lowRank);
        }
        for (std::size_t i = 0; i < group.linears.size(); ++i)
            addLinear(layerPrefix(layer) + std::string(group.linears[i]),
                      model_.linearOutputs(group.kind, static_cast<int>(i)), cols, rank);
    }

    void addLinear(const std::string& name, std::int64_t rows, std::int64_t cols,
                   std::int64_t rank) {
        add(name + ".weight_packed", DType::u32, {rows, HostLinear::wordsPerRow(cols)},
            LedgerPart::signs);
        add(name + ".weight_scale", DType::f16, {rows}, LedgerPart::rowScale);
        add(name + ".weight_mean", DType::f16, {rows}, LedgerPart::rowMean, true);
        if (rank == 0)
            return;
        add(name + ".low_rank_a", DType::i8, {rows, rank}, LedgerPart::lowRank);
        add(name + ".low_rank_a_scale", DType::f16, {rank}, LedgerPart::lowRank);
    }

    const ModelConfig& model_;
    const ArtifactConfig& artifact_;
    std::vector<ArtifactTensor> tensors_;
};

} // namespace

std::vector<ArtifactTensor> artifactTensors(const ModelConfig& model,
                                            const ArtifactConfig& artifact) {
    return Layout(model, artifact).list();
}

void charge(BitsLedger& bits, LedgerPart part, std::int64_t bytes) {
    switch (part) {
    case LedgerPart::signs:
        bits.signBits += bytes * 8;
        break;
    case LedgerPart::rowScale:
        bits.rowScaleBits += bytes * 8;
        break;
    case LedgerPart::rowMean:
        bits.rowMeanBits += bytes * 8;
        break;
    case LedgerPart::columnScale:
        bits.columnScaleBits += bytes * 8;
        break;
    case LedgerPart::rotation:
        bits.rotationBits += bytes * 8;
        break;
    case LedgerPart::lowRank:
        bits.lowRankBits += bytes * 8;
        break;
    case LedgerPart::clip:
        bits.clipBits += bytes * 8;
        break;
    case LedgerPart::kept:
        bits.keptBits += bytes * 8;
        bits.keptWeights += bytes / 2;
        break;
    case LedgerPart::other:
        break;
    }
}

} // namespace bwla
