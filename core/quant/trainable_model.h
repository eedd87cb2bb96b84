// SPDX-License-Identifier: GPL-3.0-or-later
//
// The two models of the KL stage: the quantized one, whose parameters train, and the original that
// it learns from. Embeddings and head of the former are the original's rounded to 8 bits a row, as
// the artifact stores them, and never train.
// Include from .cpp files of bwla_quant only.
#pragma once

#include "core/model/model_source.h"
#include "core/quant/logit_kl.h"
#include "core/quant/refined_model.h"
#include "core/quant/torch_block.h"
#include "core/quant/trainable_group.h"

#include <array>
#include <vector>

namespace bwla {

/// The original, in place.type throughout.
class TeacherModel {
public:
    TeacherModel(const ModelSource& source, const TrainingPlace& place, std::int64_t positions);
    /// ids (windows, tokens) -> rows (windows * tokens, width). Nothing is recorded.
    [[nodiscard]] HeadInput operator()(const at::Tensor& ids) const;
    [[nodiscard]] const at::Tensor& head() const { return head_; }

private:
    struct Block {
        std::array<at::Tensor, groupCount> weights;
        at::Tensor attnNorm, mlpNorm;
    };
    const ModelConfig& config_;
    RotaryTable table_;
    std::vector<Block> blocks_;
    at::Tensor embedding_, head_, finalNorm_;
};

class TrainableModel {
public:
    TrainableModel(const ModelSource& source, const RefinedModel& start, const TrainingPlace& place,
                   std::int64_t positions);

    /// Recorded for autograd.
    [[nodiscard]] HeadInput operator()(const at::Tensor& ids, int bits) const;
    void addTo(ParameterPool& pool, const TrainingRates& rates) const;
    void addTo(LatentSigns& signs, double spread) const;

    /// The same of one block, which reads and makes hidden rows (windows, tokens, width).
    [[nodiscard]] at::Tensor embed(const at::Tensor& ids) const;
    [[nodiscard]] at::Tensor block(std::int64_t layer, const at::Tensor& rows, int bits) const;
    void addTo(ParameterPool& pool, const TrainingRates& rates, std::int64_t layer) const;
    void addTo(LatentSigns& signs, double spread, std::int64_t layer) const;
    /// `signs`: what addTo() gave them, trained.
    void keepLatents(std::int64_t layer, const LatentSigns& signs);

    /// After each step, where rotations train.
    void retract() const;

    /// All that can train, in the order of the forward pass.
    [[nodiscard]] std::vector<NamedLeaf> leaves() const;
    [[nodiscard]] RefinedModel stored() const;

private:
    struct Block {
        std::vector<TrainableGroup> groups;
        at::Tensor attnNorm, mlpNorm;
    };
    const ModelSource& source_;
    TrainingPlace place_;
    RotaryTable table_;
    std::vector<Block> blocks_;
    at::Tensor embedding_, head_, finalNorm_;
};

} // namespace bwla
