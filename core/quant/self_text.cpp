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
#include <limits>
#include <numeric>
#include <span>

namespace bwla {
namespace {

/// One token a row by inverting the cumulative distribution: one random number u (n, 1) a row,
/// where noise for every logit took a tenth of the time.
at::Tensor draw(const at::Tensor& logits, const at::Tensor& u) {
    if (fusable(logits))
        return fusedDraw(logits, u);
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
        for (std::int64_t l = 0; l < config_.layers; ++l)
            caches_.push_back({at::zeros(shape, options_), at::zeros(shape, options_)});
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

    /// Reads the first `tokens` of every text, which are given, at once.
    void read(std::int64_t tokens) {
        const std::int64_t atOnce = std::max<std::int64_t>(1, tokensReadAtOnce / tokens);
        for (std::int64_t first = 0; first < texts_; first += atOnce)
            readSome(first, std::min(atOnce, texts_ - first), tokens);
        position_.fill_(tokens);
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

    /// One block of rows x, by what attends to its q, k and v.
    template<class Attend>
    [[nodiscard]] at::Tensor throughBlock(std::int64_t layer, const at::Tensor& x,
                                          Attend attend) const {
        const FloatBlock& block = model_.block(layer);
        const at::Tensor in = rmsNorm(x, block.attnNorm, config_.normEpsilon);
        const at::Tensor middle =
            x + product(attend(product(in, block.weights[0])), block.weights[1]);
        const at::Tensor mlp = rmsNorm(middle, block.mlpNorm, config_.normEpsilon);
        return middle + product(gatedUnit(product(mlp, block.weights[2])), block.weights[3]);
    }

    void readSome(std::int64_t first, std::int64_t texts, std::int64_t tokens) {
        const std::int64_t hd = config_.headDim, qCols = config_.heads * hd,
                           kvCols = config_.kvHeads * hd;
        at::Tensor x = model_.embed(ids_.narrow(0, first, texts).narrow(1, 0, tokens).flatten())
                           .to(options_.dtype());
        for (std::int64_t l = 0; l < config_.layers; ++l)
            x = throughBlock(l, x, [&](const at::Tensor& rows) {
                const at::Tensor qkv = rows.view({texts, tokens, rows.size(1)});
                const auto keep = [&](at::Tensor& cache, const at::Tensor& heads) {
                    cache.narrow(0, first, texts).narrow(2, 0, tokens).copy_(heads);
                };
                const auto heads = [&](std::int64_t column) {
                    return qkv.narrow(2, column, kvCols)
                        .view({texts, tokens, config_.kvHeads, hd})
                        .transpose(1, 2);
                };
                keep(caches_[l].keys, rotate(heads(qCols), table_, 0));
                keep(caches_[l].values, heads(qCols + kvCols));
                return attention(qkv, config_, table_).flatten(0, 1);
            });
    }

    void compute(std::int64_t keys) {
        at::Tensor x =
            model_.embed(ids_.index_select(1, position_).squeeze(1)).to(options_.dtype());
        for (std::int64_t l = 0; l < config_.layers; ++l)
            x = throughBlock(l, x, [&](const at::Tensor& qkv) {
                const at::Tensor seen = fusedNewest(qkv, config_, table_, position_, caches_[l]);
                return seen.defined() ? seen : attend(caches_[l], qkv, keys);
            });
        const at::Tensor drawn = draw(model_.logits(x), random_.index_select(1, position_));
        position_.add_(1);
        const at::Tensor given = given_.index_select(1, position_);
        ids_.index_copy_(1, position_, at::where(given >= 0, given, drawn));
    }

    at::Tensor attend(TextCache& cache, const at::Tensor& qkv, std::int64_t keys) const {
        const std::int64_t hd = config_.headDim, groups = config_.kvHeads,
                           perGroup = config_.heads / groups;
        const std::int64_t qCols = config_.heads * hd, kvCols = groups * hd;
        RotaryTable angle = table_;
        angle.cos = table_.cos.index_select(0, position_);
        angle.sin = table_.sin.index_select(0, position_);
        const auto heads = [&](std::int64_t first, std::int64_t cols) {
            return qkv.narrow(1, first, cols).reshape({texts_, cols / hd, 1, hd});
        };
        const at::Tensor q = rotate(heads(0, qCols), angle, 0) / std::sqrt(static_cast<double>(hd));
        cache.keys.index_copy_(2, position_, rotate(heads(qCols, kvCols), angle, 0));
        cache.values.index_copy_(2, position_, heads(qCols + kvCols, kvCols));
        if (!onGpu())
            return rowsAttend(q.view({texts_, groups, perGroup, hd}), cache.keys, cache.values,
                              keys)
                .reshape({texts_, qCols});
        const at::Tensor past = cache.keys.narrow(2, 0, keys);
        const at::Tensor bias = at::zeros({keys}, options_)
                                    .masked_fill_(at::arange(keys, position_.options()) > position_,
                                                  -std::numeric_limits<float>::infinity());
        const at::Tensor scores =
            at::matmul(q.view({texts_, groups, perGroup, hd}), past.transpose(2, 3)) + bias;
        return at::matmul(at::softmax(scores, -1), cache.values.narrow(2, 0, keys))
            .reshape({texts_, qCols});
    }

    static constexpr std::int64_t tokensReadAtOnce = 65'536;

    const FloatModel& model_;
    const ModelConfig& config_;
    RepeatedWork repeated_; // all that follows is made on its stream
    std::int64_t texts_, length_;
    at::TensorOptions options_; ///< of activations, keys and values
    RotaryTable table_;
    std::vector<TextCache> caches_; ///< one a layer
    at::Tensor given_, ids_;        ///< (texts, length); given: the prompt, then -1
    at::Tensor random_;             ///< (texts, length - 1)
    at::Tensor position_;           ///< (1)
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

/// The order in which texts are written: those with prompts of like length together, since what a
/// whole batch is given is read at once.
std::vector<std::size_t> writingOrder(const Texts& prompts) {
    std::vector<std::size_t> order(prompts.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return prompts[a].size() < prompts[b].size();
    });
    return order;
}

} // namespace

Texts writeTexts(const ModelSource& source, const Texts& prompts, std::int64_t length,
                 std::uint64_t seed, const std::string& device,
                 const std::function<void(double)>& progress, std::stop_token stop) {
    const FloatModel model(source, device, fastestType(device));
    const std::size_t most = sequencesAtOnce(model.config(), length, device);
    at::Generator generator = at::detail::createCPUGenerator(seed);
    const std::vector<std::size_t> order = writingOrder(prompts);
    Texts texts(prompts.size());
    for (std::size_t first = 0; first < prompts.size(); first += most) {
        const std::span<const std::size_t> batch =
            std::span(order).subspan(first, std::min(most, prompts.size() - first));
        Texts given;
        for (const std::size_t i : batch)
            given.push_back(prompts[i]);
        BatchWriter writer(model, given, length, generator);
        auto position = static_cast<std::int64_t>(given.front().size()) - 1;
        if (position > 0)
            writer.read(position);
        for (; position + 1 < length; ++position) {
            throwIfStopped(stop);
            writer.step(position);
            const double share = static_cast<double>(position + 1) / static_cast<double>(length);
            if (progress)
                progress((static_cast<double>(first) + share * static_cast<double>(batch.size())) /
                         static_cast<double>(prompts.size()));
        }
        Texts written = writer.texts();
        for (std::size_t i = 0; i < batch.size(); ++i)
            texts[batch[i]] = std::move(written[i]);
    }
    return texts;
}

} // namespace bwla
