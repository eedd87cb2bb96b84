// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/fused_ops.h"

#include <cstdint>

namespace {
constexpr std::int64_t spareOnHost = std::int64_t{512} << 20;
thread_local int forbidden = 0; ///< living WithoutFusedOps
} // namespace

namespace bwla {

WithoutFusedOps::WithoutFusedOps() {
    ++forbidden;
}
WithoutFusedOps::~WithoutFusedOps() {
    --forbidden;
}
bool fusedOpsForbidden() {
    return forbidden > 0;
}

} // namespace bwla

#ifdef BWLA_CUDA

#include "core/quant/adam.h"
#include "core/quant/cuda/training_kernels.h"

#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAStream.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace bwla {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

gpu::Stream stream() {
    return c10::cuda::getCurrentCUDAStream().stream();
}

std::int64_t rowsOf(const at::Tensor& x) {
    return x.numel() / x.size(-1);
}

struct GatedUnit : torch::autograd::Function<GatedUnit> {
    static at::Tensor forward(AutogradContext* context, const at::Tensor& input) {
        const at::Tensor gateUp = input.contiguous();
        std::vector<std::int64_t> shape = gateUp.sizes().vec();
        shape.back() /= 2;
        at::Tensor out = at::empty(shape, gateUp.options());
        gpu::gatedUnit(gateUp.data_ptr(), out.data_ptr(), rowsOf(gateUp), shape.back(), stream());
        context->save_for_backward({gateUp});
        return out;
    }
    static variable_list backward(AutogradContext* context, const variable_list& gradients) {
        const at::Tensor gateUp = context->get_saved_variables()[0];
        const at::Tensor gradient = gradients[0].contiguous();
        at::Tensor result = at::empty_like(gateUp);
        gpu::gatedUnitGradient(gradient.data_ptr(), gateUp.data_ptr(), result.data_ptr(),
                               rowsOf(gateUp), gradient.size(-1), stream());
        return {result};
    }
};

struct Heads : torch::autograd::Function<Heads> {
    static variable_list forward(AutogradContext* context, const at::Tensor& input,
                                 const at::Tensor& cos, const at::Tensor& sin, std::int64_t heads,
                                 std::int64_t kvHeads) {
        const at::Tensor qkv = input.contiguous();
        const std::int64_t windows = qkv.size(0), tokens = qkv.size(1),
                           headDim = qkv.size(2) / (heads + 2 * kvHeads);
        const auto empty = [&](std::int64_t count) {
            return at::empty({windows, tokens, count, headDim}, qkv.options());
        };
        at::Tensor q = empty(heads), k = empty(kvHeads), v = empty(kvHeads);
        gpu::splitHeads(qkv.data_ptr(), cos.data_ptr(), sin.data_ptr(), q.data_ptr(), k.data_ptr(),
                        v.data_ptr(), {windows * tokens, tokens, heads, kvHeads, headDim},
                        stream());
        context->save_for_backward({cos, sin});
        return {q, k, v};
    }
    static variable_list backward(AutogradContext* context, const variable_list& gradients) {
        const variable_list tables = context->get_saved_variables();
        const at::Tensor q = gradients[0].contiguous(), k = gradients[1].contiguous(),
                         v = gradients[2].contiguous();
        const std::int64_t windows = q.size(0), tokens = q.size(1), heads = q.size(2),
                           kvHeads = k.size(2), headDim = q.size(3);
        at::Tensor qkv = at::empty({windows, tokens, (heads + 2 * kvHeads) * headDim}, q.options());
        gpu::joinHeads(q.data_ptr(), k.data_ptr(), v.data_ptr(), tables[0].data_ptr(),
                       tables[1].data_ptr(), qkv.data_ptr(),
                       {windows * tokens, tokens, heads, kvHeads, headDim}, stream());
        return {qkv, at::Tensor(), at::Tensor(), at::Tensor(), at::Tensor()};
    }
};

gpu::RowQuantizer rowQuantizer(double levels, double clipLow, double clipHigh) {
    return {static_cast<float>(levels), static_cast<float>(clipLow), static_cast<float>(clipHigh)};
}

struct Quantize : torch::autograd::Function<Quantize> {
    static at::Tensor forward(AutogradContext* context, const at::Tensor& input,
                              const at::Tensor& logScale, double levels, double clipLow,
                              double clipHigh) {
        const at::Tensor x = input.contiguous(), scale = logScale.exp();
        at::Tensor out = at::empty_like(x);
        at::Tensor steps = at::empty({rowsOf(x), 2}, scale.options());
        gpu::quantizeRows(x.data_ptr(), scale.data_ptr<float>(), out.data_ptr(),
                          steps.data_ptr<float>(), rowsOf(x), x.size(-1),
                          rowQuantizer(levels, clipLow, clipHigh), stream());
        context->save_for_backward({x, scale, steps});
        context->saved_data["levels"] = levels;
        context->saved_data["clipLow"] = clipLow;
        context->saved_data["clipHigh"] = clipHigh;
        return out;
    }
    static variable_list backward(AutogradContext* context, const variable_list& gradients) {
        const variable_list saved = context->get_saved_variables();
        const at::Tensor &x = saved[0], &scale = saved[1], &steps = saved[2];
        const at::Tensor gradient = gradients[0].contiguous();
        const std::int64_t rows = rowsOf(x), cols = x.size(-1);
        const std::int64_t strips = std::min<std::int64_t>(rows, 1024);
        at::Tensor result = at::empty_like(x);
        at::Tensor sums = at::empty({strips, cols}, scale.options());
        const auto number = [&](const char* name) { return context->saved_data[name].toDouble(); };
        gpu::quantizeRowsGradient(
            gradient.data_ptr(), x.data_ptr(), scale.data_ptr<float>(), steps.data_ptr<float>(),
            result.data_ptr(), sums.data_ptr<float>(), strips, rows, cols,
            rowQuantizer(number("levels"), number("clipLow"), number("clipHigh")), stream());
        return {result, sums.sum(0), at::Tensor(), at::Tensor(), at::Tensor()};
    }
};

const float* floatsOf(const at::Tensor& x) {
    return x.defined() ? x.data_ptr<float>() : nullptr;
}

struct Weights : torch::autograd::Function<Weights> {
    static gpu::BinaryWeights parts(const variable_list& x) {
        return {x[0].data_ptr(), floatsOf(x[1]), floatsOf(x[2]), floatsOf(x[3]),
                floatsOf(x[4]),  x[0].size(0),   x[0].size(1),   x[3].defined() ? x[3].size(1) : 0};
    }
    /// Optional where there may be none: an undefined tensor has no device to be noted.
    using Maybe = std::optional<at::Tensor>;

    static at::Tensor forward(AutogradContext* context, const at::Tensor& signs,
                              const at::Tensor& logRow, const Maybe& logColumn, const Maybe& a,
                              const Maybe& b) {
        at::Tensor out = at::empty_like(signs);
        variable_list saved{signs, logRow, logColumn.value_or(at::Tensor()),
                            a.value_or(at::Tensor()), b.value_or(at::Tensor())};
        gpu::binaryWeights(parts(saved), out.data_ptr(), stream());
        saved.push_back(out);
        context->save_for_backward(std::move(saved));
        return out;
    }
    static variable_list backward(AutogradContext* context, const variable_list& gradients) {
        const variable_list saved = context->get_saved_variables();
        const at::Tensor &signs = saved[0], &logRow = saved[1], &logColumn = saved[2],
                         &a = saved[3], &b = saved[4];
        const at::Tensor gradient = gradients[0].contiguous();
        const gpu::GradientStrips strips = gpu::gradientStrips(signs.size(0), signs.size(1));
        const auto empty = [&](std::int64_t count, std::int64_t size) {
            return at::empty({count, size}, logRow.options());
        };
        at::Tensor signGradient, columnSums;
        if (context->needs_input_grad(0))
            signGradient = at::empty_like(signs);
        if (logColumn.defined())
            columnSums = empty(strips.ofRows, signs.size(1));
        const at::Tensor rowSums = empty(strips.ofColumns, signs.size(0));
        gpu::binaryWeightsGradient(parts(saved),
                                   {gradient.data_ptr(), saved[5].data_ptr(),
                                    signGradient.defined() ? signGradient.data_ptr() : nullptr,
                                    rowSums.data_ptr<float>(),
                                    columnSums.defined() ? columnSums.data_ptr<float>() : nullptr},
                                   stream());
        variable_list result{signGradient, rowSums.sum(0).view_as(logRow),
                             columnSums.defined() ? columnSums.sum(0) : at::Tensor(), at::Tensor(),
                             at::Tensor()};
        if (!a.defined())
            return result;
        // A B's share is scaled by columns too: B for the one, the result for the other.
        const at::Tensor scale = logColumn.defined() ? logColumn.exp() : at::Tensor();
        const at::Tensor scaledB = scale.defined() ? b * scale : b;
        result[3] = at::matmul(gradient, scaledB.to(gradient.scalar_type()).t()).to(at::kFloat);
        result[4] = at::matmul(a.to(gradient.scalar_type()).t(), gradient).to(at::kFloat);
        if (scale.defined())
            result[4].mul_(scale);
        return result;
    }
};

} // namespace

bool hasOwnKernels(const at::Tensor& x) {
    return forbidden == 0 && x.is_cuda();
}

bool fusable(const at::Tensor& x) {
    return hasOwnKernels(x) && x.scalar_type() == at::kBFloat16 && x.size(-1) % 8 == 0;
}

at::Tensor fusedGatedUnit(const at::Tensor& gateUp) {
    return GatedUnit::apply(gateUp);
}

std::array<at::Tensor, 3> fusedHeads(const at::Tensor& qkv, const ModelConfig& config,
                                     const RotaryTable& table) {
    const variable_list parts =
        Heads::apply(qkv, table.cos, table.sin, config.heads, config.kvHeads);
    return {parts[0], parts[1], parts[2]};
}

at::Tensor fusedNewest(const at::Tensor& qkv, const ModelConfig& config, const RotaryTable& table,
                       const at::Tensor& position, TextCache& cache) {
    const gpu::DecodeShape shape{qkv.size(0),    cache.keys.size(2),
                                 config.heads,   config.kvHeads,
                                 config.headDim, position.data_ptr<std::int64_t>()};
    if (!fusable(qkv) || !gpu::canAttend(shape))
        return {};
    at::Tensor out = at::empty({shape.texts, shape.heads * shape.headDim}, qkv.options());
    gpu::attendNewest(shape, qkv.data_ptr(), table.cos.data_ptr(), table.sin.data_ptr(),
                      cache.keys.data_ptr(), cache.values.data_ptr(), out.data_ptr(), stream());
    return out;
}

at::Tensor fusedDraw(const at::Tensor& logits, const at::Tensor& u) {
    at::Tensor tokens = at::empty({logits.size(0), 1}, logits.options().dtype(at::kLong));
    gpu::drawTokens(logits.data_ptr(), u.contiguous().data_ptr<float>(),
                    tokens.data_ptr<std::int64_t>(), logits.size(0), logits.size(1), stream());
    return tokens;
}

at::Tensor fusedQuantize(const at::Tensor& x, const at::Tensor& logScale, int bits, double clipLow,
                         double clipHigh) {
    return Quantize::apply(x, logScale, static_cast<double>((1 << bits) - 1), clipLow, clipHigh);
}

at::Tensor fusedWeights(const BinaryParts& p) {
    const auto maybe = [](const at::Tensor& x) {
        return x.defined() ? std::optional(x) : std::nullopt;
    };
    return Weights::apply(p.signs, p.logRow, maybe(p.logColumn), maybe(p.lowRankA),
                          maybe(p.lowRankB));
}

at::Tensor fusedKl(const at::Tensor& teacher, at::Tensor& student) {
    at::Tensor sums = at::empty({student.size(0)}, student.options().dtype(at::kFloat));
    gpu::klOfRows(teacher.data_ptr(), student.data_ptr(), sums.data_ptr<float>(), student.size(0),
                  student.size(1), stream());
    return sums;
}

void fusedLatentStep(at::Tensor& latents, at::Tensor& first, at::Tensor& second,
                     at::Tensor& gradients, at::Tensor& signs, const at::Tensor& rates,
                     double bound) {
    gpu::LatentStep step;
    step.value = latents.data_ptr<float>();
    step.first = first.data_ptr<float>();
    step.second = second.data_ptr<float>();
    step.gradient = gradients.data_ptr();
    step.signs = signs.data_ptr();
    step.rates = rates.data_ptr<float>();
    step.size = latents.numel();
    step.beta1 = static_cast<float>(Adam::beta1);
    step.beta2 = static_cast<float>(Adam::beta2);
    step.epsilon = static_cast<float>(Adam::epsilon);
    step.bound = static_cast<float>(bound);
    gpu::stepLatents(step, stream());
}

std::int64_t sparePlace(const at::Device& device) {
    if (!device.is_cuda())
        return spareOnHost;
    c10::cuda::CUDACachingAllocator::emptyCache();
    return gpu::freeMemory() / 2;
}

} // namespace bwla

#else // libtorch without CUDA

namespace bwla {

bool hasOwnKernels(const at::Tensor&) {
    return false;
}
bool fusable(const at::Tensor&) {
    return false;
}
at::Tensor fusedGatedUnit(const at::Tensor&) {
    return {};
}
std::array<at::Tensor, 3> fusedHeads(const at::Tensor&, const ModelConfig&, const RotaryTable&) {
    return {};
}
at::Tensor fusedQuantize(const at::Tensor&, const at::Tensor&, int, double, double) {
    return {};
}
at::Tensor fusedNewest(const at::Tensor&, const ModelConfig&, const RotaryTable&, const at::Tensor&,
                       TextCache&) {
    return {};
}
at::Tensor fusedDraw(const at::Tensor&, const at::Tensor&) {
    return {};
}
at::Tensor fusedWeights(const BinaryParts&) {
    return {};
}
at::Tensor fusedKl(const at::Tensor&, at::Tensor&) {
    return {};
}
void fusedLatentStep(at::Tensor&, at::Tensor&, at::Tensor&, at::Tensor&, at::Tensor&,
                     const at::Tensor&, double) {}
std::int64_t sparePlace(const at::Device&) {
    return spareOnHost;
}

} // namespace bwla

#endif
