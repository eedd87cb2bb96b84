// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/trainable_model.h"

#include "core/model/row_int8.h"
#include "core/model/tensor_names.h"
#include "core/quant/float_model.h"
#include "core/quant/storage_types.h"

#include <ATen/core/grad_mode.h>

namespace bwla {
namespace {

RotaryTable rotaryTable(const ModelConfig& config, const TrainingPlace& place,
                        std::int64_t positions) {
    return {config, positions,
            at::TensorOptions().dtype(place.type).device(at::Device(place.device))};
}

at::Tensor floatTable(const ModelSource& source, const std::string& name,
                      const TrainingPlace& place) {
    const ModelConfig& config = source.config();
    return loadTensor(source, name, {config.vocabulary, config.width}, place.device).to(place.type);
}

/// A table as the artifact stores it: 8 bits and one half a row.
at::Tensor storedTable(const ModelSource& source, const std::string& name,
                       const TrainingPlace& place) {
    const RowInt8 rounded = roundRows(source.tensor(name), source.config().width, name);
    return (fromInt8(rounded.values, rounded.rows, rounded.cols) *
            fromHalves(rounded.scale).unsqueeze(1))
        .to(at::Device(place.device), place.type);
}

at::Tensor gain(const std::vector<float>& values, const TrainingPlace& place) {
    return at::tensor(values, at::kFloat).to(at::Device(place.device));
}

std::vector<float> hostFloats(const at::Tensor& x) {
    const at::Tensor host = x.detach().to(at::kCPU, at::kFloat).contiguous();
    const float* data = host.data_ptr<float>();
    return {data, data + host.numel()};
}

at::Tensor flatRows(const at::Tensor& x) {
    return x.reshape({-1, x.size(-1)});
}

at::Tensor embed(const at::Tensor& table, const at::Tensor& ids) {
    return table.index_select(0, ids.flatten()).view({ids.size(0), ids.size(1), table.size(1)});
}

} // namespace

TeacherModel::TeacherModel(const ModelSource& source, const TrainingPlace& place,
                           std::int64_t positions)
    : config_(source.config()), table_(rotaryTable(config_, place, positions)),
      embedding_(floatTable(source, embeddingName, place)),
      head_(config_.tiedHead ? embedding_ : floatTable(source, headName, place)),
      finalNorm_(loadTensor(source, finalNormName, {config_.width}, place.device)) {
    for (std::int64_t layer = 0; layer < config_.layers; ++layer) {
        const FloatBlock block = loadBlock(source, layer, place.device);
        Block kept{{}, block.attnNorm, block.mlpNorm};
        for (std::size_t k = 0; k < groupCount; ++k)
            kept.weights[k] = block.weights[k].to(place.type);
        blocks_.push_back(std::move(kept));
    }
}

HeadInput TeacherModel::operator()(const at::Tensor& ids) const {
    const at::NoGradGuard noGrad;
    at::Tensor x = embed(embedding_, ids);
    for (const Block& block : blocks_)
        x = decoderBlock(x, block.attnNorm, block.mlpNorm, config_, table_,
                         [&](GroupKind kind, const at::Tensor& rows) {
                             return at::matmul(rows,
                                               block.weights[static_cast<std::size_t>(kind)].t());
                         });
    return {flatRows(rmsNorm(x, finalNorm_, config_.normEpsilon)), head_};
}

TrainableModel::TrainableModel(const ModelSource& source, const RefinedModel& start,
                               const TrainingPlace& place, std::int64_t positions)
    : source_(source), place_(place), table_(rotaryTable(source.config(), place, positions)),
      embedding_(storedTable(source, embeddingName, place)),
      head_(source.config().tiedHead ? embedding_ : storedTable(source, headName, place)),
      finalNorm_(gain(start.finalNorm, place)) {
    for (const QuantizedBlock& block : start.blocks) {
        Block trainable{{}, gain(block.attnNorm, place), gain(block.mlpNorm, place)};
        for (const QuantizedGroup& group : block.groups)
            trainable.groups.emplace_back(group, place);
        blocks_.push_back(std::move(trainable));
    }
}

at::Tensor TrainableModel::embed(const at::Tensor& ids) const {
    return bwla::embed(embedding_, ids);
}

at::Tensor TrainableModel::block(std::int64_t layer, const at::Tensor& rows, int bits) const {
    const Block& block = blocks_[static_cast<std::size_t>(layer)];
    return decoderBlock(rows, block.attnNorm, block.mlpNorm, source_.config(), table_,
                        [&](GroupKind kind, const at::Tensor& x) {
                            return block.groups[static_cast<std::size_t>(kind)](x, bits);
                        });
}

HeadInput TrainableModel::operator()(const at::Tensor& ids, int bits) const {
    at::Tensor x = embed(ids);
    for (std::int64_t layer = 0; layer < source_.config().layers; ++layer)
        x = block(layer, x, bits);
    return {flatRows(rmsNorm(x, finalNorm_, source_.config().normEpsilon)), head_};
}

void TrainableModel::addTo(ParameterPool& pool, const TrainingRates& rates,
                           std::int64_t layer) const {
    const Block& block = blocks_[static_cast<std::size_t>(layer)];
    for (const TrainableGroup& group : block.groups)
        group.addTo(pool, rates);
    // The norm before a group that is kept in float is kept with it.
    if (!block.groups[static_cast<std::size_t>(GroupKind::attnIn)].isKept())
        pool.add(block.attnNorm, rates.gains);
    if (!block.groups[static_cast<std::size_t>(GroupKind::mlpIn)].isKept())
        pool.add(block.mlpNorm, rates.gains);
}

void TrainableModel::addTo(LatentSigns& signs, double spread, std::int64_t layer) const {
    const FloatBlock floats = loadBlock(source_, layer, place_.device);
    for (std::size_t k = 0; k < groupCount; ++k)
        blocks_[static_cast<std::size_t>(layer)].groups[k].addTo(signs, floats.weights[k], spread);
}

void TrainableModel::addTo(ParameterPool& pool, const TrainingRates& rates) const {
    for (std::int64_t layer = 0; layer < source_.config().layers; ++layer)
        addTo(pool, rates, layer);
    pool.add(finalNorm_, rates.gains);
}

void TrainableModel::addTo(LatentSigns& signs, double spread) const {
    for (std::int64_t layer = 0; layer < source_.config().layers; ++layer)
        addTo(signs, spread, layer);
}

void TrainableModel::keepLatents(std::int64_t layer, const LatentSigns& signs) {
    const std::vector<at::Tensor> latents = signs.latents();
    auto next = latents.begin();
    for (TrainableGroup& group : blocks_[static_cast<std::size_t>(layer)].groups)
        if (!group.isKept() && next != latents.end())
            group.keepLatents(*next++);
}

void TrainableModel::retract() const {
    for (const Block& block : blocks_)
        for (const TrainableGroup& group : block.groups)
            group.retract();
}

std::vector<NamedLeaf> TrainableModel::leaves() const {
    std::vector<NamedLeaf> leaves;
    for (const Block& block : blocks_) {
        for (const TrainableGroup& group : block.groups)
            for (const NamedLeaf& part : group.leaves())
                leaves.push_back(part);
        leaves.push_back({"gains", block.attnNorm});
        leaves.push_back({"gains", block.mlpNorm});
    }
    leaves.push_back({"gains", finalNorm_});
    return leaves;
}

RefinedModel TrainableModel::stored() const {
    RefinedModel model;
    for (const Block& block : blocks_) {
        QuantizedBlock stored;
        for (std::size_t k = 0; k < groupCount; ++k)
            stored.groups[k] = block.groups[k].stored();
        stored.attnNorm = hostFloats(block.attnNorm);
        stored.mlpNorm = hostFloats(block.mlpNorm);
        model.blocks.push_back(std::move(stored));
    }
    model.finalNorm = hostFloats(finalNorm_);
    return model;
}

} // namespace bwla
