// SPDX-License-Identifier: GPL-3.0-or-later
//
// Loops over rows of bfloat16 that the refinement on a processor spends its time on between large
// products, in one pass each where libtorch takes five to ten; arithmetic in float32, compiled for
// the level of the processor. Each handles columns or rows `begin` to `end`, so that threads share
// the work; results do not depend on how.
#pragma once

#include <cstdint>

namespace bwla::rows {

using Bf16 = std::uint16_t; ///< bits

/// (rows, cols), one row after another.
struct Shape {
    std::int64_t rows = 0;
    std::int64_t cols = 0;
};

struct Range {
    std::int64_t begin = 0;
    std::int64_t end = 0;
};

/// out = base * scale + p t, columns of `range`: p (rows, rank) and t (rank, cols) are a low-rank
/// part; scale (cols) and t may be null, out may be base.
void scaleAndAdd(const Bf16* base, const float* scale, const float* p, const float* t,
                 std::int64_t rank, Bf16* out, Shape shape, Range range);

/// product (rank, cols) += p' x for p (rows, rank), columns of `range`.
void addProducts(const float* p, const Bf16* x, std::int64_t rank, float* product, Shape shape,
                 Range range);

/// dots (rows, rank) += x t' over columns of `range`, t (rank, cols).
void addDots(const Bf16* x, const float* t, std::int64_t rank, float* dots, Shape shape,
             Range range);

/// sums (cols) += sum over rows of x * y, columns of `range`.
void addColumnDots(const Bf16* x, const Bf16* y, float* sums, Shape shape, Range range);

/// out = x gain / rms(x), rows of `range`; inverse (rows): 1 / rms.
void normalise(const Bf16* x, const float* gain, float epsilon, Bf16* out, float* inverse,
               Shape shape, Range range);
/// From the gradient of normalise()'s result: dx, and gainSums (cols) += the gain's over these
/// rows.
void normaliseGradient(const Bf16* gradient, const Bf16* x, const float* gain, const float* inverse,
                       Bf16* dx, float* gainSums, Shape shape, Range range);

/// gateUp (rows, 2 cols) -> silu(gate) up, rows of `range`.
void gate(const Bf16* gateUp, Bf16* out, Shape shape, Range range);
void gateGradient(const Bf16* gradient, const Bf16* gateUp, Bf16* result, Shape shape, Range range);

/// What a step of Adam on latent signs is made of; rates: adamRates().
struct LatentStep {
    const float* rates;
    float beta1, beta2, epsilon, bound;
};

/// Latents, moments, gradients and signs `range`: a step of each latent within the bound, gradients
/// become 0 and signs those of the latents.
void stepLatents(const LatentStep& step, float* latents, float* first, float* second,
                 Bf16* gradients, Bf16* signs, Range range);

/// Row by row in place: softmax of the first `known` values, which grows by one a row; zeros after.
void causalSoftmax(Bf16* scores, std::int64_t known, Shape shape, float* work);

/// Attention of `queries` rows q (queries, headDim) over `count` keys and values (count, headDim),
/// all float32: out (queries, headDim). `work` holds `count` floats.
void attend(const float* q, const float* keys, const float* values, std::int64_t queries,
            std::int64_t count, std::int64_t headDim, float* out, float* work);

/// KL(softmax teacher | softmax student) of one row of logits; student becomes its gradient,
/// softmax student - softmax teacher. `work` holds 2 cols floats.
[[nodiscard]] double divergence(const Bf16* teacher, Bf16* student, std::int64_t cols, float* work);

} // namespace bwla::rows
