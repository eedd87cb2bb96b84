// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/cpu_ops.h"

#include "core/quant/adam.h"
#include "core/quant/fused_ops.h"
#include "core/quant/row_kernels.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <vector>

namespace bwla {
namespace {

using rows::Bf16;
using rows::Range;
using rows::Shape;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

Bf16* bits(const at::Tensor& x) {
    return static_cast<Bf16*>(x.data_ptr());
}

const float* floats(const at::Tensor& x) {
    return x.defined() ? x.data_ptr<float>() : nullptr;
}

Shape shapeOf(const at::Tensor& x) {
    return {x.numel() / x.size(-1), x.size(-1)};
}

at::Tensor zeros(std::int64_t size, std::int64_t cols) {
    return at::zeros({size, cols}, at::kFloat);
}

template<class Work>
void shareColumns(std::int64_t cols, const Work& work) {
    constexpr std::int64_t piece = 64;
    at::parallel_for(0, (cols + piece - 1) / piece, 2, [&](std::int64_t begin, std::int64_t end) {
        work(Range{begin * piece, std::min(end * piece, cols)});
    });
}

template<class Work>
void shareRows(std::int64_t count, const Work& work) {
    at::parallel_for(0, count, 16, [&](std::int64_t begin, std::int64_t end) {
        work(Range{begin, end});
    });
}

/// x (k, m) t' for t (r, m) float32: (k, r) float32.
at::Tensor dots(const at::Tensor& x, const at::Tensor& t) {
    const Shape shape = shapeOf(x);
    const std::int64_t rank = t.size(0);
    at::Tensor result = zeros(shape.rows, rank);
    shareRows(shape.rows, [&](Range range) {
        rows::addDots(bits(x) + range.begin * shape.cols, floats(t), rank,
                      result.data_ptr<float>() + range.begin * rank,
                      {range.end - range.begin, shape.cols}, {0, shape.cols});
    });
    return result;
}

/// p' x for p (k, r) float32, x (k, m): (r, m) float32.
at::Tensor products(const at::Tensor& p, const at::Tensor& x) {
    const Shape shape = shapeOf(x);
    at::Tensor result = zeros(p.size(1), shape.cols);
    shareColumns(shape.cols, [&](Range range) {
        rows::addProducts(floats(p), bits(x), p.size(1), result.data_ptr<float>(), shape, range);
    });
    return result;
}

at::Tensor columnDots(const at::Tensor& x, const at::Tensor& y) {
    const Shape shape = shapeOf(x);
    at::Tensor sums = at::zeros({shape.cols}, at::kFloat);
    shareColumns(shape.cols, [&](Range range) {
        rows::addColumnDots(bits(x), bits(y), sums.data_ptr<float>(), shape, range);
    });
    return sums;
}

/// base * scale + p t into `out`; scale, p and t may be undefined.
void scaleAndAdd(const at::Tensor& base, const at::Tensor& scale, const at::Tensor& p,
                 const at::Tensor& t, const at::Tensor& out) {
    const Shape shape = shapeOf(base);
    shareColumns(shape.cols, [&](Range range) {
        rows::scaleAndAdd(bits(base), floats(scale), floats(p), floats(t),
                          t.defined() ? t.size(0) : 0, bits(out), shape, range);
    });
}

struct Norm : torch::autograd::Function<Norm> {
    static at::Tensor forward(AutogradContext* context, const at::Tensor& input,
                              const at::Tensor& gain, double epsilon) {
        const at::Tensor x = input.contiguous();
        const Shape shape = shapeOf(x);
        const at::Tensor out = at::empty_like(x);
        at::Tensor inverse = at::empty({shape.rows}, at::kFloat);
        shareRows(shape.rows, [&](Range range) {
            rows::normalise(bits(x), floats(gain), static_cast<float>(epsilon), bits(out),
                            inverse.data_ptr<float>(), shape, range);
        });
        context->save_for_backward({x, gain, inverse});
        return out;
    }

    static variable_list backward(AutogradContext* context, const variable_list& gradients) {
        constexpr std::int64_t rowsAtOnce = 32; // whose sums for the gain are added up together
        const variable_list saved = context->get_saved_variables();
        const at::Tensor &x = saved[0], &gain = saved[1];
        const at::Tensor gradient = gradients[0].contiguous(), dx = at::empty_like(x);
        const Shape shape = shapeOf(x);
        const std::int64_t blocks = (shape.rows + rowsAtOnce - 1) / rowsAtOnce;
        at::Tensor sums = zeros(blocks, shape.cols);
        at::parallel_for(0, blocks, 1, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t i = begin; i < end; ++i)
                rows::normaliseGradient(
                    bits(gradient), bits(x), floats(gain), floats(saved[2]), bits(dx),
                    sums.data_ptr<float>() + i * shape.cols, shape,
                    {i * rowsAtOnce, std::min((i + 1) * rowsAtOnce, shape.rows)});
        });
        return {dx, sums.sum(0), at::Tensor()};
    }
};

struct GatedUnit : torch::autograd::Function<GatedUnit> {
    static at::Tensor forward(AutogradContext* context, const at::Tensor& input) {
        const at::Tensor gateUp = input.contiguous();
        std::vector<std::int64_t> sizes = gateUp.sizes().vec();
        sizes.back() /= 2;
        const at::Tensor out = at::empty(sizes, gateUp.options());
        shareRows(shapeOf(out).rows,
                  [&](Range range) { rows::gate(bits(gateUp), bits(out), shapeOf(out), range); });
        context->save_for_backward({gateUp});
        return out;
    }

    static variable_list backward(AutogradContext* context, const variable_list& gradients) {
        const at::Tensor gateUp = context->get_saved_variables()[0];
        const at::Tensor gradient = gradients[0].contiguous(), result = at::empty_like(gateUp);
        const Shape shape = shapeOf(gradient);
        shareRows(shape.rows, [&](Range range) {
            rows::gateGradient(bits(gradient), bits(gateUp), bits(result), shape, range);
        });
        return {result};
    }
};

struct Scaled : torch::autograd::Function<Scaled> {
    static at::Tensor forward(AutogradContext* context, const at::Tensor& input,
                              const at::Tensor& logScale) {
        const at::Tensor x = input.contiguous(), scale = logScale.exp(), out = at::empty_like(x);
        scaleAndAdd(x, scale, {}, {}, out);
        context->save_for_backward({out, scale});
        return out;
    }

    static variable_list backward(AutogradContext* context, const variable_list& gradients) {
        const variable_list saved = context->get_saved_variables();
        const at::Tensor gradient = gradients[0].contiguous(), dx = at::empty_like(gradient);
        scaleAndAdd(gradient, saved[1], {}, {}, dx);
        return {dx, columnDots(gradient, saved[0])};
    }
};

struct BinaryLinear : torch::autograd::Function<BinaryLinear> {
    static at::Tensor forward(AutogradContext* context, const at::Tensor& input,
                              const at::Tensor& signs, const at::Tensor& logRow,
                              const at::Tensor& a, const at::Tensor& b) {
        const at::Tensor x = input.contiguous(), scale = logRow.exp().flatten();
        const at::Tensor sums = at::matmul(x, signs.t()), out = at::empty_like(sums);
        at::Tensor inner, outer; // x B' and A'
        if (a.numel() > 0) {
            inner = dots(x, b);
            outer = a.t().contiguous();
        }
        scaleAndAdd(sums, scale, inner, outer, out);
        context->save_for_backward({x, signs, scale, sums, inner, outer, b});
        return out;
    }

    static variable_list backward(AutogradContext* context, const variable_list& gradients) {
        const variable_list saved = context->get_saved_variables();
        const at::Tensor &x = saved[0], &signs = saved[1], &scale = saved[2], &sums = saved[3],
                         &inner = saved[4], &outer = saved[5], &b = saved[6];
        const at::Tensor gradient = gradients[0].contiguous(), scaled = at::empty_like(gradient);
        const at::Tensor dLogRow = (columnDots(gradient, sums) * scale).unsqueeze(1);
        scaleAndAdd(gradient, scale, {}, {}, scaled);
        const at::Tensor dx = at::matmul(scaled, signs);
        const at::Tensor dSigns =
            context->needs_input_grad(1) ? at::matmul(scaled.t(), x) : at::Tensor();
        if (!outer.defined())
            return {dx, dSigns, dLogRow, at::Tensor(), at::Tensor()};
        const at::Tensor dInner = dots(gradient, outer);
        scaleAndAdd(dx, {}, dInner, b, dx);
        return {dx, dSigns, dLogRow, products(inner, gradient).t(), products(dInner, x)};
    }
};

} // namespace

bool runsOnRows(const at::Tensor& x) {
    return x.is_cpu() && x.scalar_type() == at::kBFloat16 && !fusedOpsForbidden();
}

at::Tensor rowsNorm(const at::Tensor& x, const at::Tensor& gain, double epsilon) {
    return Norm::apply(x, gain, epsilon);
}

at::Tensor rowsGatedUnit(const at::Tensor& gateUp) {
    return GatedUnit::apply(gateUp);
}

at::Tensor rowsScaled(const at::Tensor& x, const at::Tensor& logScale) {
    return Scaled::apply(x, logScale);
}

at::Tensor rowsBinaryLinear(const at::Tensor& x, const at::Tensor& signs, const at::Tensor& logRow,
                            const at::Tensor& a, const at::Tensor& b) {
    if (a.defined())
        return BinaryLinear::apply(x, signs, logRow, a, b);
    const at::Tensor none = at::empty({0}, logRow.options()); // autograd asks each for its device
    return BinaryLinear::apply(x, signs, logRow, none, none);
}

void rowsLatentStep(at::Tensor& latents, at::Tensor& first, at::Tensor& second,
                    at::Tensor& gradients, at::Tensor& signs, const at::Tensor& rates,
                    double bound) {
    const rows::LatentStep step{floats(rates), static_cast<float>(Adam::beta1),
                                static_cast<float>(Adam::beta2), static_cast<float>(Adam::epsilon),
                                static_cast<float>(bound)};
    at::parallel_for(0, latents.numel(), 1 << 16, [&](std::int64_t begin, std::int64_t end) {
        rows::stepLatents(step, latents.data_ptr<float>(), first.data_ptr<float>(),
                          second.data_ptr<float>(), bits(gradients), bits(signs), {begin, end});
    });
}

void rowsCausalSoftmax(at::Tensor& scores) {
    const std::int64_t strip = scores.size(-2), keys = scores.size(-1);
    at::parallel_for(0, scores.numel() / (strip * keys), 1,
                     [&](std::int64_t begin, std::int64_t end) {
                         std::vector<float> work(static_cast<std::size_t>(keys));
                         for (std::int64_t i = begin; i < end; ++i)
                             rows::causalSoftmax(bits(scores) + i * strip * keys, keys - strip + 1,
                                                 {strip, keys}, work.data());
                     });
}

at::Tensor rowsAttend(const at::Tensor& q, const at::Tensor& keys, const at::Tensor& values,
                      std::int64_t count) {
    const at::Tensor queries = q.contiguous();
    at::Tensor out = at::empty_like(queries);
    const std::int64_t perGroup = q.size(2), headDim = q.size(3), past = keys.stride(1);
    at::parallel_for(0, q.size(0) * q.size(1), 1, [&](std::int64_t begin, std::int64_t end) {
        std::vector<float> work(static_cast<std::size_t>(count));
        for (std::int64_t i = begin; i < end; ++i)
            rows::attend(floats(queries) + i * perGroup * headDim, floats(keys) + i * past,
                         floats(values) + i * past, perGroup, count, headDim,
                         out.data_ptr<float>() + i * perGroup * headDim, work.data());
    });
    return out;
}

double rowsKl(const at::Tensor& teacher, at::Tensor& student) {
    const Shape shape = shapeOf(student);
    std::vector<double> sums(static_cast<std::size_t>(shape.rows));
    at::parallel_for(0, shape.rows, 1, [&](std::int64_t begin, std::int64_t end) {
        std::vector<float> work(static_cast<std::size_t>(2 * shape.cols));
        for (std::int64_t row = begin; row < end; ++row)
            sums[static_cast<std::size_t>(row)] =
                rows::divergence(bits(teacher) + row * shape.cols, bits(student) + row * shape.cols,
                                 shape.cols, work.data());
    });
    double total = 0.0;
    for (const double sum : sums)
        total += sum;
    return total;
}

} // namespace bwla
