// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/engine/synth.h"
#include "core/model/model_weights.h"
#include "kernels/backend.h"

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <tuple>
#include <vector>

namespace bwla {

/// Work buffers that the blocks of one plan share, one after another.
struct BlockScratch {
    Buffer q, k, v;  ///< products of attn_in
    Buffer attended; ///< what attn_out reads
    Buffer gate, up; ///< products of mlp_in; gate becomes what mlp_out reads
};

/// The prepared input of each group of a block, indexed by GroupKind, for tests and studies.
using BlockInputs = std::array<Prepared, groupCount>;

/// A model uploaded to a backend, with its recorded plans. Used from one thread at a time;
/// `backend` must outlive it. The weights object is not needed after construction.
class Transformer {
public:
    /// `loaded` hears the share of layers uploaded, 0..1. Throws KernelError, Error, and
    /// Cancelled when `stop` is requested.
    Transformer(Backend& backend, const ModelWeights& weights,
                const std::function<void(double)>& loaded = {}, const std::stop_token& stop = {});
    /// Random weights of those shapes, made where the backend keeps them. Throws
    /// KernelError{outOfMemory} before anything is made where they will not fit.
    Transformer(Backend& backend, const SynthModel& model,
                const std::function<void(double)>& loaded = {}, const std::stop_token& stop = {});

    [[nodiscard]] Backend& backend() const { return backend_; }
    [[nodiscard]] const ModelConfig& config() const { return config_; }
    [[nodiscard]] int activationBits() const { return activationBits_; } ///< the weights' own
    [[nodiscard]] const std::string& format() const { return format_; }  ///< of ModelWeights
    [[nodiscard]] std::int64_t weightBytes() const;
    /// Of these, what a step of one token reads: all but an embedding that is not the head as well,
    /// of which a step reads one row.
    [[nodiscard]] std::int64_t stepWeightBytes() const;

    /// The whole forward pass, tokens to logits, for runs of up to `batch` rows; recorded at the
    /// first request and kept. `activationBits` 16 or 2..8, for all groups; 0 = the weights' own,
    /// which may differ from group to group.
    [[nodiscard]] Plan& plan(int batch, HeadRows rows, int activationBits);
    /// The same, recorded anew for the caller.
    [[nodiscard]] std::unique_ptr<Plan> record(int batch, HeadRows rows, int activationBits) const;

    [[nodiscard]] BlockScratch scratch(Recorder& recorder) const;
    /// Appends block `layer` reading and writing the residual stream `x` (batch x width).
    BlockInputs recordBlock(Recorder& recorder, std::int64_t layer, const BlockScratch& scratch,
                            Buffer x, int activationBits) const;
    /// Its two halves: up to what attn_out adds to the stream, and from there on.
    void recordAttention(Recorder& recorder, std::int64_t layer, const BlockScratch& scratch,
                         Buffer x, int activationBits, BlockInputs& inputs) const;
    void recordMlp(Recorder& recorder, std::int64_t layer, const BlockScratch& scratch, Buffer x,
                   int activationBits, BlockInputs& inputs) const;

    [[nodiscard]] std::unique_ptr<KvCache> cache(std::int64_t capacity) const;

private:
    struct Group {
        std::unique_ptr<Input> input;
        std::vector<std::unique_ptr<Linear>> linears;
        bool kept = false; ///< as GroupWeights has it
        int activationBits = 0;
    };
    struct Layer {
        std::array<Group, groupCount> groups;
        std::vector<float> attnNorm, mlpNorm;
    };

    [[nodiscard]] Layer upload(const LayerWeights& weights, const std::stop_token& stop) const;
    [[nodiscard]] Layer synthesize(const SynthModel& model, std::uint32_t seed) const;
    void recordForward(Recorder& recorder, HeadRows rows, int activationBits) const;
    /// Norm (none where `gain` is empty) and the group's linears.
    Prepared recordGroup(Recorder& recorder, const Group& group, std::span<const float> gain,
                         Buffer from, std::span<const Buffer> out, bool accumulate,
                         int activationBits) const;

    Backend& backend_;
    ModelConfig config_;
    int activationBits_;
    std::string format_;
    std::unique_ptr<Linear> embedding_;
    std::unique_ptr<Linear> head_; ///< null where tied
    std::vector<float> finalNorm_;
    std::vector<Layer> layers_;
    std::map<std::tuple<int, HeadRows, int>, std::unique_ptr<Plan>> plans_;
};

} // namespace bwla
