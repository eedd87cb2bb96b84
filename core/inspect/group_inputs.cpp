// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/inspect/group_inputs.h"

#include <cmath>

namespace bwla {
namespace {

constexpr int unrounded = 16;

/// Rows over their root mean square, times the gain: the norm of a block, in double.
std::vector<float> normalised(const std::vector<float>& stream, const std::vector<float>& gain,
                              double epsilon) {
    std::vector<float> rows;
    rows.reserve(stream.size());
    for (std::size_t start = 0; start < stream.size(); start += gain.size()) {
        double square = 0.0;
        for (std::size_t j = 0; j < gain.size(); ++j)
            square += double{stream[start + j]} * stream[start + j];
        const double scale = 1.0 / std::sqrt(square / static_cast<double>(gain.size()) + epsilon);
        for (std::size_t j = 0; j < gain.size(); ++j)
            rows.push_back(static_cast<float>(stream[start + j] * scale * gain[j]));
    }
    return rows;
}

/// The residual stream of one text on its way through the model.
class Walk {
public:
    Walk(Transformer& model, std::span<const std::int32_t> tokens)
        : model_(model), tokens_(tokens.begin(), tokens.end()),
          cache_(model.cache(std::ssize(tokens))) {}

    void embed(const ModelWeights& weights) {
        const auto table = model_.backend().upload(weights.embedding());
        run([&](Recorder& recorder, Buffer x) {
            recorder.embed(*table, x);
            return x;
        });
    }
    /// Runs a half of a block on the stream; returns what `record` gives to read.
    std::vector<float> run(const std::function<Buffer(Recorder&, Buffer)>& record) {
        Buffer x, wanted;
        const auto plan = model_.backend().record(
            [&](Recorder& recorder) {
                x = recorder.buffer(model_.config().width);
                wanted = record(recorder, x);
            },
            static_cast<int>(tokens_.size()));
        const auto rows = std::ssize(tokens_);
        if (!stream_.empty())
            plan->write(x, stream_);
        model_.backend().run(*plan, {tokens_, 0, cache_.get()});
        stream_ = plan->read(x, rows);
        return plan->read(wanted, rows);
    }
    [[nodiscard]] const std::vector<float>& stream() const { return stream_; }

private:
    Transformer& model_;
    std::vector<std::int32_t> tokens_;
    std::unique_ptr<KvCache> cache_;
    std::vector<float> stream_; ///< (tokens, width)
};

} // namespace

void eachGroupInput(Transformer& model, const ModelWeights& weights,
                    std::span<const std::int32_t> tokens, const GroupInputRows& heard) {
    Walk walk(model, tokens);
    walk.embed(weights);
    for (std::int64_t block = 0; block < model.config().layers; ++block) {
        const LayerWeights layer = weights.layer(block);
        const auto tell = [&](GroupKind kind, const std::vector<float>& rows) {
            heard(block, kind, layer.groups[static_cast<std::size_t>(kind)].input, rows);
        };
        const double epsilon = model.config().normEpsilon;
        tell(GroupKind::attnIn, normalised(walk.stream(), layer.attnNorm, epsilon));
        tell(GroupKind::attnOut, walk.run([&](Recorder& recorder, Buffer x) {
            const BlockScratch scratch = model.scratch(recorder);
            BlockInputs inputs;
            model.recordAttention(recorder, block, scratch, x, unrounded, inputs);
            return scratch.attended;
        }));
        tell(GroupKind::mlpIn, normalised(walk.stream(), layer.mlpNorm, epsilon));
        tell(GroupKind::mlpOut, walk.run([&](Recorder& recorder, Buffer x) {
            const BlockScratch scratch = model.scratch(recorder);
            BlockInputs inputs;
            model.recordMlp(recorder, block, scratch, x, unrounded, inputs);
            return scratch.gate;
        }));
    }
}

} // namespace bwla
