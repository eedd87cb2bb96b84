// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/fused_ops_check.h"

#include "core/quant/adam.h"
#include "core/quant/cpu_ops.h"
#include "core/quant/fake_quantizer.h"
#include "core/quant/fused_ops.h"
#include "core/quant/latent_signs.h"
#include "core/quant/logit_kl.h"
#include "core/quant/random_model.h"
#include "core/quant/torch_block.h"

#include <ATen/Context.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <utility>

namespace bwla {
namespace {

using Tensors = std::vector<at::Tensor>;
using Shape = std::pair<std::int64_t, std::int64_t>;

/// Normal numbers that bfloat16 holds exactly, in float32.
at::Tensor bfloats(const std::vector<std::int64_t>& shape, const at::TensorOptions& options,
                   double size = 1.0) {
    return (at::randn(shape, options) * size).to(at::kBFloat16).to(at::kFloat);
}

double errorFrom(const at::Tensor& exact, const at::Tensor& x) {
    const at::Tensor wanted = exact.detach().to(at::kDouble);
    return ((x.detach().to(at::kDouble) - wanted).norm() / wanted.norm()).item<double>();
}

/// A function of tensors, differentiated by each: results, then gradients.
class Differentiated {
public:
    using Function = std::function<Tensors(const Tensors&)>;
    /// `inputs` in float32; gradients of the results are drawn once.
    Differentiated(Tensors inputs, Function function)
        : inputs_(std::move(inputs)), function_(std::move(function)) {
        const at::NoGradGuard noGrad;
        for (const at::Tensor& result : function_(inputs_))
            seeds_.push_back(bfloats(result.sizes().vec(), result.options()));
    }

    /// Inputs that are rows become `type`; parameters (one dimension) stay float32.
    [[nodiscard]] Tensors operator()(at::ScalarType type) const {
        Tensors leaves;
        for (const at::Tensor& input : inputs_)
            leaves.push_back(input.to(input.dim() == 1 ? at::kFloat : type, false, /*copy=*/true)
                                 .requires_grad_(true));
        Tensors all = function_(leaves), seeds;
        for (std::size_t i = 0; i < all.size(); ++i)
            seeds.push_back(seeds_[i].to(all[i].scalar_type()));
        for (at::Tensor& gradient : torch::autograd::grad(all, leaves, seeds))
            all.push_back(std::move(gradient));
        return all;
    }

private:
    Tensors inputs_;
    Function function_;
    Tensors seeds_;
};

class FusedOpsCheck {
public:
    FusedOpsCheck(const std::string& device, const std::function<void(TrainingCheck)>& found)
        : found_(found), rows_(device == "cpu" ? 256 : 16'384),
          options_(at::TensorOptions().dtype(at::kFloat).device(at::Device(device))) {}

    void gatedUnits() const {
        for (const auto& [rows, units] : {Shape{rows_, 1536}, {37, 24}})
            differentiated("gated unit " + std::to_string(rows), {"value", "gradient"},
                           Differentiated({normal({rows, 2 * units}, 3.0)}, [](const Tensors& x) {
                               return Tensors{gatedUnit(x[0])};
                           }));
    }

    void norms() const {
        for (const auto& [rows, width] : {Shape{rows_, 576}, {37, 50}})
            differentiated(
                "norm " + std::to_string(width), {"value", "gradient", "gradient of gain"},
                Differentiated({normal({rows, width}, 3.0), normal({width})}, [](const Tensors& x) {
                    return Tensors{rmsNorm(x[0], x[1], 1e-5)};
                }));
    }

    /// Of a processor alone: a GPU folds the scales into weights.
    void binaryLinears() const {
        if (!options_.device().is_cpu())
            return;
        for (const auto& [rows, cols] : {Shape{rows_, 576}, {37, 50}}) {
            const std::int64_t outputs = 2 * cols + 3, rank = 12;
            const at::Tensor signs = at::where(normal({outputs, cols}) >= 0, 1.0, -1.0);
            differentiated(
                "1-bit linear " + std::to_string(cols),
                {"value", "gradient", "gradient of row scales", "gradient of column scales",
                 "gradient of low rank A", "gradient of low rank B", "gradient of signs"},
                Differentiated(
                    {normal({rows, cols}), normal({outputs}, 0.2), normal({cols}, 0.2),
                     normal({outputs * rank}, 0.3), normal({rank * cols}, 0.3), signs},
                    [rank](const Tensors& x) { return Tensors{binaryLinear(x, rank)}; }));
        }
    }

    /// Of a GPU alone: a processor works on rows instead.
    void binaryWeights() const {
        if (!options_.device().is_cuda())
            return;
        constexpr std::int64_t rank = 12;
        for (const auto& [rows, cols] : {Shape{3072, 576}, {576, 1536}, {37, 2056}})
            differentiated(
                "weights " + std::to_string(cols),
                {"value", "gradient of signs", "gradient of row scales",
                 "gradient of column scales", "gradient of low rank A", "gradient of low rank B"},
                Differentiated({normal({rows, cols}), normal({rows}, 0.2), normal({cols}, 0.2),
                                normal({rows * rank}, 0.3), normal({rank * cols}, 0.3)},
                               [](const Tensors& x) { return Tensors{weights(x, rank)}; }),
                bfloatProducts);
    }

    /// Through attention, which fused heads are a part of: float32 takes the way in strips.
    void heads() const {
        const ModelConfig config = smallLlamaShape(1, 2048);
        // Exact in both types, so that only the arithmetic differs.
        const RotaryTable rounded(config, 2048, options_.dtype(at::kBFloat16));
        const std::int64_t window = std::min<std::int64_t>(rows_, 2048);
        for (const auto& [windows, tokens] : {Shape{rows_ / window, window}, {3, 100}})
            differentiated(
                "heads " + std::to_string(tokens), {"value", "gradient"},
                Differentiated({normal({windows, tokens, 5 * 192})}, [&](const Tensors& x) {
                    RotaryTable table = rounded;
                    table.cos = table.cos.to(x[0].scalar_type());
                    table.sin = table.sin.to(x[0].scalar_type());
                    return Tensors{attention(x[0], config, table)};
                }));
    }

    /// Of a GPU alone: tokens one after another, against all of a text at once.
    void newestTokens() const {
        if (!options_.device().is_cuda())
            return;
        const at::NoGradGuard noGrad;
        const ModelConfig config = smallLlamaShape(1, 2048);
        constexpr std::int64_t texts = 64, tokens = 150;
        const auto typed = options_.dtype(at::kBFloat16);
        const RotaryTable table(config, tokens, typed);
        const at::Tensor qkv = normal({texts, tokens, 5 * 192}).to(at::kBFloat16);
        const std::vector<std::int64_t> shape{texts, config.kvHeads, tokens, config.headDim};
        TextCache cache{at::zeros(shape, typed), at::zeros(shape, typed)};
        Tensors own;
        for (std::int64_t t = 0; t < tokens; ++t)
            own.push_back(fusedNewest(qkv.select(1, t).contiguous(), config, table,
                                      at::full({1}, t, options_.dtype(at::kLong)), cache));
        const WithoutFusedOps plain;
        RotaryTable floats = table;
        floats.cos = table.cos.to(at::kFloat);
        floats.sin = table.sin.to(at::kFloat);
        compare("newest token", at::stack(own, 1), attention(qkv, config, table),
                attention(qkv.to(at::kFloat), config, floats));
    }

    /// Of a GPU alone: how often tokens are drawn when the numbers are evenly spaced.
    void draws() const {
        if (!options_.device().is_cuda())
            return;
        for (const std::int64_t vocabulary : {49'152, 264}) {
            const std::int64_t rows = 1 << 16;
            const at::Tensor logits = normal({1, vocabulary}, 2.0),
                             u = (at::arange(rows, options_) + 0.5) / static_cast<double>(rows);
            const at::Tensor drawn = fusedDraw(
                logits.to(at::kBFloat16).expand({rows, vocabulary}).contiguous(), u.unsqueeze(1));
            const at::Tensor counts = at::bincount(drawn.flatten(), {}, vocabulary);
            const at::Tensor expected =
                at::softmax(logits, -1).flatten() * static_cast<double>(rows);
            const double off = (counts - expected).abs().max().item<double>();
            found_({"draws of " + std::to_string(vocabulary), off < 1.5, off, "at most 1.5"});
        }
    }

    void quantizer() const {
        for (const auto& [rows, cols] : {Shape{rows_, 576}, {rows_, 1536}, {37, 64}})
            for (const double clip : {1.0, 0.9})
                differentiated(
                    "A6 " + std::to_string(cols) + (clip < 1.0 ? " clipped" : ""),
                    {"value", "gradient", "gradient of log scale"},
                    Differentiated(
                        {normal({rows, cols}), at::randn({cols}, options_) * 0.3},
                        [clip](const Tensors& x) { return Tensors{rounded(x[0], x[1], clip)}; }));
    }

    void divergence() const {
        for (const auto& [rows, vocabulary] : {Shape{rows_ / 4, 49'152}, {37, 4104}}) {
            const at::Tensor head = normal({vocabulary, 64}), teacher = normal({rows, 64}, 0.4),
                             student = (teacher + normal({rows, 64}, 0.1)).to(at::kBFloat16);
            const auto kl = [&](at::ScalarType type) {
                return logitKl({teacher.to(type), head.to(type)}, {student.to(type), head.to(type)},
                               rows);
            };
            const LogitKl own = kl(at::kBFloat16);
            const WithoutFusedOps plain;
            const LogitKl torch = kl(at::kBFloat16), exact = kl(at::kFloat);
            const std::string name = "KL of " + std::to_string(vocabulary);
            compare(name + ": sum", own.sum, torch.sum, exact.sum);
            compare(name + ": gradient", own.gradient, torch.gradient, exact.gradient);
        }
    }

    void latents() const {
        const at::Tensor start = at::randn({576, 1536}, options_);
        Tensors gradients;
        for (int step = 0; step < 8; ++step)
            gradients.push_back(normal({576, 1536}, 1e-5));
        const Tensors own = steppedLatents(at::kBFloat16, start, gradients);
        const WithoutFusedOps plain;
        const Tensors torch = steppedLatents(at::kBFloat16, start, gradients),
                      exact = steppedLatents(at::kFloat, start, gradients);
        const at::Tensor signs = at::where(own[0] >= 0, 1.0, -1.0), nothing = at::ones_like(start);
        compare("latents: value", own[0], torch[0], exact[0]);
        compare("latents: signs", own[1], signs, signs);
        compare("latents: gradient afterwards", own[2] + 1.0, nothing, nothing);
    }

private:
    /// Errors beside libtorch's: the GPU's short exponential and float32 added up in another order;
    /// bfloat16 (2^-8) where libtorch multiplies in float32.
    static constexpr double floatSums = 2e-5, bfloatProducts = 4e-3;

    [[nodiscard]] at::Tensor normal(const std::vector<std::int64_t>& shape,
                                    double size = 1.0) const {
        return bfloats(shape, options_, size);
    }

    static at::Tensor rounded(const at::Tensor& x, const at::Tensor& logScale, double clip) {
        if (fusable(x))
            return fusedQuantize(x, logScale, 6, clip, clip);
        return fakeQuantize(x * logScale.exp(), 6, clip, clip).to(x.scalar_type());
    }

    /// x: rows, log row scales, log column scales, A and B flat, signs.
    static at::Tensor binaryLinear(const Tensors& x, std::int64_t rank) {
        const at::Tensor logRow = x[1].unsqueeze(1), a = x[3].view({-1, rank}),
                         b = x[4].view({rank, -1}), typed = x[5].to(x[0].scalar_type());
        if (runsOnRows(x[0]))
            return rowsBinaryLinear(rowsScaled(x[0], x[2]), typed, logRow, a, b);
        const at::Tensor scaled = (x[0] * x[2].exp()).to(x[0].scalar_type());
        return (at::matmul(scaled, typed.t()) * x[1].exp() +
                at::matmul(at::matmul(scaled, b.to(typed.scalar_type()).t()),
                           a.to(typed.scalar_type()).t()))
            .to(x[0].scalar_type());
    }

    /// x: signs, log row scales, log column scales, A and B flat.
    static at::Tensor weights(const Tensors& x, std::int64_t rank) {
        const at::Tensor logRow = x[1].unsqueeze(1), a = x[3].view({-1, rank}),
                         b = x[4].view({rank, -1});
        if (fusable(x[0]))
            return fusedWeights({x[0], logRow, x[2], a, b});
        return ((x[0].to(at::kFloat) * logRow.exp() + at::matmul(a, b)) * x[2].exp())
            .to(x[0].scalar_type());
    }

    /// The latents after some steps, then their signs, then what is left of the gradient.
    static Tensors steppedLatents(at::ScalarType type, const at::Tensor& start,
                                  const Tensors& gradients) {
        const at::Tensor leaf = at::where(start >= 0, 1.0, -1.0).to(type);
        LatentSigns signs;
        signs.add(leaf, start.abs());
        signs.pack();
        std::int64_t count = 0;
        for (const at::Tensor& gradient : gradients) {
            leaf.mutable_grad().copy_(gradient);
            signs.step(adamRates(0.03, ++count).to(start.device()));
        }
        return {signs.latents().front(), leaf.detach().to(at::kFloat), leaf.grad().to(at::kFloat)};
    }

    /// `names` of what the function gives: results, then gradients.
    void differentiated(const std::string& name, const std::vector<std::string>& names,
                        const Differentiated& function, double slack = floatSums) const {
        const Tensors own = function(at::kBFloat16);
        const WithoutFusedOps plain;
        const Tensors torch = function(at::kBFloat16), exact = function(at::kFloat);
        for (std::size_t i = 0; i < names.size(); ++i)
            compare(name + ": " + names[i], own[i], torch[i], exact[i], slack);
    }

    void compare(const std::string& name, const at::Tensor& own, const at::Tensor& torch,
                 const at::Tensor& exact, double slack = floatSums) const {
        const double ours = errorFrom(exact, own), theirs = errorFrom(exact, torch);
        std::array<char, 64> text{};
        std::snprintf(text.data(), text.size(), "libtorch %.2e", theirs);
        found_({name, ours <= 1.25 * theirs + slack, ours, text.data()});
    }

    const std::function<void(TrainingCheck)>& found_;
    std::int64_t rows_; ///< of a step
    at::TensorOptions options_;
};

} // namespace

void checkFusedOps(const std::string& device, const std::function<void(TrainingCheck)>& found) {
    at::manual_seed(1);
    const FusedOpsCheck check(device, found);
    check.gatedUnits();
    check.norms();
    check.binaryLinears();
    check.binaryWeights();
    check.heads();
    check.newestTokens();
    check.draws();
    check.quantizer();
    check.divergence();
    check.latents();
}

} // namespace bwla
