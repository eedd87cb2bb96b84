// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/self_text.h"

#include "core/job/job.h"
#include "core/quant/float_model.h"
#include "core/quant/fused_ops.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <span>

namespace bwla {
namespace {

/// One token a step for all sequences, with keys and values kept: what makes 64 sequences cost
/// little more than one.
class BatchDecoder {
public:
    BatchDecoder(const FloatModel& model, std::int64_t sequences, std::int64_t length)
        : model_(model), config_(model.config()), sequences_(sequences),
          // A CPU is faster with float32 between its products.
          options_(model.options().dtype(model.options().device().is_cuda() ? at::kBFloat16
                                                                            : at::kFloat)),
          table_(config_, length, options_) {
        const std::vector<std::int64_t> shape{sequences, config_.kvHeads, length, config_.headDim};
        for (std::int64_t l = 0; l < config_.layers; ++l) {
            keys_.push_back(at::empty(shape, options_));
            values_.push_back(at::empty(shape, options_));
        }
    }

    /// ids (sequences) at `position` -> logits (sequences, vocabulary).
    at::Tensor step(const at::Tensor& ids, std::int64_t position) {
        at::Tensor x = model_.embed(ids).to(options_.dtype());
        for (std::int64_t l = 0; l < config_.layers; ++l) {
            const FloatBlock& block = model_.block(l);
            const at::Tensor in = rmsNorm(x, block.attnNorm, config_.normEpsilon);
            x = x + product(attend(l, product(in, block.weights[0]), position), block.weights[1]);
            const at::Tensor mlp = rmsNorm(x, block.mlpNorm, config_.normEpsilon);
            x = x + product(gatedUnit(product(mlp, block.weights[2])), block.weights[3]);
        }
        return model_.logits(x);
    }

private:
    at::Tensor attend(std::int64_t layer, const at::Tensor& qkv, std::int64_t position) {
        const std::int64_t hd = config_.headDim, groups = config_.kvHeads,
                           perGroup = config_.heads / groups;
        const std::int64_t qCols = config_.heads * hd, kvCols = groups * hd;
        const at::Tensor q = rotate(
            qkv.narrow(1, 0, qCols).reshape({sequences_, config_.heads, 1, hd}), table_, position);
        const at::Tensor k = rotate(
            qkv.narrow(1, qCols, kvCols).reshape({sequences_, groups, 1, hd}), table_, position);
        keys_[layer].narrow(2, position, 1).copy_(k);
        values_[layer]
            .narrow(2, position, 1)
            .copy_(qkv.narrow(1, qCols + kvCols, kvCols).reshape({sequences_, groups, 1, hd}));
        const at::Tensor past = keys_[layer].narrow(2, 0, position + 1);
        const at::Tensor values = values_[layer].narrow(2, 0, position + 1);
#if __has_include(<ATen/ops/scaled_dot_product_attention.h>)
        if (past.is_cuda())
            return at::scaled_dot_product_attention(q, past, values, {}, 0.0, false, {},
                                                    /*enable_gqa=*/perGroup > 1)
                .reshape({sequences_, qCols});
#endif
        const at::Tensor scores = at::matmul(q.view({sequences_, groups, perGroup, hd}),
                                             past.transpose(2, 3)) /
                                  std::sqrt(static_cast<double>(hd));
        return at::matmul(at::softmax(scores, -1), values).reshape({sequences_, qCols});
    }

    const FloatModel& model_;
    const ModelConfig& config_;
    std::int64_t sequences_;
    at::TensorOptions options_; ///< of activations, keys and values
    RotaryTable table_;
    std::vector<at::Tensor> keys_, values_;
};

/// One token a row by inverting the cumulative distribution: one random number a row, where noise
/// for every logit took a tenth of the time.
at::Tensor draw(const at::Tensor& logits, at::Generator& generator) {
    const at::Tensor cumulative = at::softmax(logits.to(at::kFloat), -1).cumsum(-1);
    const at::Tensor u = at::rand({logits.size(0), 1}, generator, at::kFloat).to(logits.device());
    const at::Tensor target = u * cumulative.narrow(1, cumulative.size(1) - 1, 1);
    return at::searchsorted(cumulative, target).squeeze(1).clamp_max(logits.size(1) - 1);
}

using Texts = std::vector<std::vector<std::int32_t>>;

/// As many as keys and values have place for, and no more logits than a GPU handles at once.
std::size_t sequencesAtOnce(const ModelConfig& c, std::int64_t length, const std::string& device) {
    const std::int64_t element = device == "cpu" ? sizeof(float) : sizeof(at::BFloat16);
    const std::int64_t sequence = 2 * c.layers * c.kvHeads * c.headDim * length * element;
    const std::int64_t place =
        device == "cpu" ? std::int64_t{2} << 30 : sparePlace(at::Device(device));
    return static_cast<std::size_t>(
        std::clamp<std::int64_t>(place / std::max<std::int64_t>(1, sequence), 1, 4096));
}

/// Writes one batch; `written` hears of each position.
Texts writeBatch(const FloatModel& model, std::span<const std::vector<std::int32_t>> prompts,
                 std::int64_t length, at::Generator& generator,
                 const std::function<void()>& written) {
    const auto sequences = static_cast<std::int64_t>(prompts.size());
    BatchDecoder decoder(model, sequences, length);
    Texts texts(prompts.size());
    at::Tensor ids = at::empty({sequences}, at::kLong);
    at::Tensor drawn;
    for (std::int64_t t = 0; t < length; ++t) {
        auto* id = ids.data_ptr<std::int64_t>();
        for (std::size_t i = 0; i < prompts.size(); ++i) {
            const auto at = static_cast<std::size_t>(t);
            id[i] = at < prompts[i].size() ? prompts[i][at] : drawn.data_ptr<std::int64_t>()[i];
            texts[i].push_back(static_cast<std::int32_t>(id[i]));
        }
        if (t + 1 < length)
            drawn = draw(decoder.step(ids.to(model.options().device()), t), generator).cpu();
        written();
    }
    return texts;
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
        std::int64_t positions = 0;
        Texts batch =
            writeBatch(model, std::span(prompts).subspan(first, count), length, generator, [&] {
                throwIfStopped(stop);
                const double share = static_cast<double>(++positions) / static_cast<double>(length);
                if (progress)
                    progress((static_cast<double>(first) + share * static_cast<double>(count)) /
                             static_cast<double>(prompts.size()));
            });
        std::move(batch.begin(), batch.end(), std::back_inserter(texts));
    }
    return texts;
}

} // namespace bwla
