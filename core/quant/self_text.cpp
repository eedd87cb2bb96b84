// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/self_text.h"

#include "core/job/job.h"
#include "core/quant/cpu_ops.h"
#include "core/quant/float_model.h"
#include "core/quant/fused_ops.h"
#include "core/quant/repeated_work.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <limits>
#include <span>

namespace bwla {
namespace {

/// One token a row by inverting the cumulative distribution: one random number u (n, 1) a row,
/// where noise for every logit took a tenth of the time.
at::Tensor draw(const at::Tensor& logits, const at::Tensor& u) {
    const at::Tensor cumulative = at::softmax(logits.to(at::kFloat), -1).cumsum(-1);
    const at::Tensor target = u * cumulative.narrow(1, cumulative.size(1) - 1, 1);
    return at::searchsorted(cumulative, target).clamp_max(logits.size(1) - 1);
}

using Texts = std::vector<std::vector<std::int32_t>>;

/// Writes all texts of a batch a token at a time, with keys and values kept: what makes 64 texts
/// cost little more than one. Whatever changes from token to token is a tensor, so that a GPU
/// replays the step.
class BatchWriter {
public:
    BatchWriter(const FloatModel& model, std::span<const std::vector<std::int32_t>> prompts,
                std::int64_t length, at::Generator& generator)
        : model_(model), config_(model.config()), repeated_(model.options().device()),
          texts_(static_cast<std::int64_t>(prompts.size())), length_(length),
          // A CPU is faster with float32 between its products.
          options_(model.options().dtype(onGpu() ? at::kBFloat16 : at::kFloat)),
          table_(config_, length, options_) {
        const std::vector<std::int64_t> shape{texts_, config_.kvHeads, length, config_.headDim};
        for (std::int64_t l = 0; l < config_.layers; ++l) {
            keys_.push_back(at::zeros(shape, options_));
            values_.push_back(at::zeros(shape, options_));
        }
        at::Tensor given = at::full({texts_, length}, -1, at::kLong);
        for (std::size_t i = 0; i < prompts.size(); ++i)
            std::copy(prompts[i].begin(), prompts[i].end(),
                      given[static_cast<std::int64_t>(i)].data_ptr<std::int64_t>());
        std::vector<at::Tensor> random;
        for (std::int64_t t = 0; t + 1 < length; ++t)
            random.push_back(at::rand({texts_, 1}, generator, at::kFloat));
        const at::Device device = model.options().device();
        given_ = given.to(device);
        ids_ = given_.clamp_min(0);
        random_ = at::cat(random, 1).to(device);
        position_ = at::zeros({1}, given_.options());
    }

    /// Reads the token at `position` of every text and draws the next.
    void step(std::int64_t position) {
        // A recorded step looks at a fixed number of keys: at most twice as many as there are.
        std::int64_t keys = position + 1;
        if (onGpu())
            keys = std::min<std::int64_t>(
                length_, std::max<std::int64_t>(64, static_cast<std::int64_t>(std::bit_ceil(
                                                        static_cast<std::uint64_t>(keys)))));
        repeated_(static_cast<int>(keys), [&] { compute(keys); });
    }

    [[nodiscard]] Texts texts() const {
        const at::Tensor ids = ids_.to(at::kCPU, at::kInt).contiguous();
        Texts texts;
        for (std::int64_t i = 0; i < texts_; ++i) {
            const auto* row = ids.data_ptr<std::int32_t>() + i * length_;
            texts.emplace_back(row, row + length_);
        }
        return texts;
    }

private:
    [[nodiscard]] bool onGpu() const { return model_.options().device().is_cuda(); }

    void compute(std::int64_t keys) {
        RotaryTable angle = table_;
        angle.cos = table_.cos.index_select(0, position_);
        angle.sin = table_.sin.index_select(0, position_);
        const at::Tensor bias = at::zeros({keys}, options_)
                                    .masked_fill_(at::arange(keys, position_.options()) > position_,
                                                  -std::numeric_limits<float>::infinity());
        at::Tensor x =
            model_.embed(ids_.index_select(1, position_).squeeze(1)).to(options_.dtype());
        for (std::int64_t l = 0; l < config_.layers; ++l) {
            const FloatBlock& block = model_.block(l);
            const at::Tensor in = rmsNorm(x, block.attnNorm, config_.normEpsilon);
            const at::Tensor seen = attend(l, product(in, block.weights[0]), angle, bias);
            x = x + product(seen, block.weights[1]);
            const at::Tensor mlp = rmsNorm(x, block.mlpNorm, config_.normEpsilon);
            x = x + product(gatedUnit(product(mlp, block.weights[2])), block.weights[3]);
        }
        const at::Tensor drawn = draw(model_.logits(x), random_.index_select(1, position_));
        position_.add_(1);
        const at::Tensor given = given_.index_select(1, position_);
        ids_.index_copy_(1, position_, at::where(given >= 0, given, drawn));
    }

    at::Tensor attend(std::int64_t layer, const at::Tensor& qkv, const RotaryTable& angle,
                      const at::Tensor& bias) {
        const std::int64_t hd = config_.headDim, groups = config_.kvHeads,
                           perGroup = config_.heads / groups;
        const std::int64_t qCols = config_.heads * hd, kvCols = groups * hd;
        const auto heads = [&](std::int64_t first, std::int64_t cols) {
            return qkv.narrow(1, first, cols).reshape({texts_, cols / hd, 1, hd});
        };
        const at::Tensor q = rotate(heads(0, qCols), angle, 0) / std::sqrt(static_cast<double>(hd));
        keys_[layer].index_copy_(2, position_, rotate(heads(qCols, kvCols), angle, 0));
        values_[layer].index_copy_(2, position_, heads(qCols + kvCols, kvCols));
        if (!onGpu())
            return rowsAttend(q.view({texts_, groups, perGroup, hd}), keys_[layer], values_[layer],
                              bias.size(0))
                .reshape({texts_, qCols});
        const at::Tensor past = keys_[layer].narrow(2, 0, bias.size(0));
        const at::Tensor scores =
            at::matmul(q.view({texts_, groups, perGroup, hd}), past.transpose(2, 3)) + bias;
        return at::matmul(at::softmax(scores, -1), values_[layer].narrow(2, 0, bias.size(0)))
            .reshape({texts_, qCols});
    }

    const FloatModel& model_;
    const ModelConfig& config_;
    RepeatedWork repeated_; // all that follows is made on its stream
    std::int64_t texts_, length_;
    at::TensorOptions options_; ///< of activations, keys and values
    RotaryTable table_;
    std::vector<at::Tensor> keys_, values_; ///< (texts, kvHeads, length, headDim)
    at::Tensor given_, ids_;                ///< (texts, length); given: the prompt, then -1
    at::Tensor random_;                     ///< (texts, length - 1)
    at::Tensor position_;                   ///< (1)
};

/// As many as keys and values have place for, and no more logits than a GPU handles at once.
std::size_t sequencesAtOnce(const ModelConfig& c, std::int64_t length, const std::string& device) {
    const std::int64_t element = device == "cpu" ? sizeof(float) : sizeof(at::BFloat16);
    const std::int64_t sequence = 2 * c.layers * c.kvHeads * c.headDim * length * element;
    const std::int64_t place =
        device == "cpu" ? std::int64_t{2} << 30 : sparePlace(at::Device(device));
    return static_cast<std::size_t>(
        std::clamp<std::int64_t>(place / std::max<std::int64_t>(1, sequence), 1, 4096));
}

} // namespace

Texts writeTexts(const ModelSource& source, const Texts& prompts, std::int64_t length,
                 std::uint64_t seed, const std::string& device,
                 const std::function<void(double)>& progress, std::stop_token stop) {
    const FloatModel model(source, device, fastestType(device));
    const std::size_t most = sequencesAtOnce(model.config(), length, device);
    at::Generator generator = at::detail::createCPUGenerator(seed);
    Texts texts;
    for (std::size_t first = 0; first < prompts.size(); first += most) {
        const std::size_t count = std::min(most, prompts.size() - first);
        BatchWriter writer(model, std::span(prompts).subspan(first, count), length, generator);
        for (std::int64_t position = 0; position + 1 < length; ++position) {
            throwIfStopped(stop);
            writer.step(position);
            const double share = static_cast<double>(position + 1) / static_cast<double>(length);
            if (progress)
                progress((static_cast<double>(first) + share * static_cast<double>(count)) /
                         static_cast<double>(prompts.size()));
        }
        Texts batch = writer.texts();
        std::move(batch.begin(), batch.end(), std::back_inserter(texts));
    }
    return texts;
}

} // namespace bwla
