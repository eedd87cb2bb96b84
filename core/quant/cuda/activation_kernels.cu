// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/cuda/eight_values.cuh"
#include "core/quant/cuda/training_kernels.h"

namespace bwla::gpu {
namespace {

__device__ float sigmoid(float x) {
    return 1.0F / (1.0F + __expf(-x));
}

// ---- gated unit --------------------------------------------------------------------------------

__global__ void gatedUnitKernel(const void* gateUp, void* out, std::int64_t count,
                                std::int64_t units) {
    const std::int64_t i = thread();
    if (i >= count)
        return;
    const std::int64_t row = i / units, col = i % units;
    const Eight gate = load(gateUp, 2 * row * units + col),
                up = load(gateUp, (2 * row + 1) * units + col);
    Eight y;
#pragma unroll
    for (int k = 0; k < width; ++k)
        y.v[k] = gate.v[k] * sigmoid(gate.v[k]) * up.v[k];
    store(out, i, y);
}

__global__ void gatedUnitGradientKernel(const void* gradient, const void* gateUp, void* result,
                                        std::int64_t count, std::int64_t units) {
    const std::int64_t i = thread();
    if (i >= count)
        return;
    const std::int64_t row = i / units, col = i % units;
    const std::int64_t gateAt = 2 * row * units + col, upAt = gateAt + units;
    const Eight gate = load(gateUp, gateAt), up = load(gateUp, upAt), g = load(gradient, i);
    Eight gateGradient, upGradient;
#pragma unroll
    for (int k = 0; k < width; ++k) {
        const float s = sigmoid(gate.v[k]);
        upGradient.v[k] = g.v[k] * gate.v[k] * s;
        gateGradient.v[k] = g.v[k] * up.v[k] * s * (1.0F + gate.v[k] * (1.0F - s));
    }
    store(result, gateAt, gateGradient);
    store(result, upAt, upGradient);
}

// ---- heads -------------------------------------------------------------------------------------

/// Sixteen values of one head: eight of its first half and their partners in the second.
struct HeadPiece {
    std::int64_t inQkv, inHeads; // first half, in units of eight values
    std::int64_t half;           // of a head, in units of eight values
    std::int64_t angle;          // in the tables
    int part;                    // 0 q, 1 k, 2 v
};

__device__ HeadPiece headPiece(std::int64_t i, const HeadShape& s) {
    const std::int64_t half = s.headDim / 2 / width, heads = s.heads + 2 * s.kvHeads;
    const std::int64_t d = i % half, head = i / half % heads, token = i / half / heads;
    const int part = head < s.heads ? 0 : head < s.heads + s.kvHeads ? 1 : 2;
    const std::int64_t first = part == 0 ? 0 : part == 1 ? s.heads : s.heads + s.kvHeads;
    const std::int64_t inPart = part == 0 ? s.heads : s.kvHeads;
    return {(token * heads + head) * 2 * half + d, (token * inPart + head - first) * 2 * half + d,
            half, token % s.positions * half + d, part};
}

/// Pairs of a and b by the angle with this cosine and sine; direction -1 turns back.
__device__ void turn(Eight& a, Eight& b, const Eight& cos, const Eight& sin, float direction) {
#pragma unroll
    for (int j = 0; j < width; ++j) {
        const float x = a.v[j], y = b.v[j], s = direction * sin.v[j];
        a.v[j] = x * cos.v[j] - y * s;
        b.v[j] = y * cos.v[j] + x * s;
    }
}

__global__ void splitHeadsKernel(const void* qkv, const void* cos, const void* sin, void* q,
                                 void* k, void* v, HeadShape shape, std::int64_t count) {
    const std::int64_t i = thread();
    if (i >= count)
        return;
    const HeadPiece at = headPiece(i, shape);
    void* out = at.part == 0 ? q : at.part == 1 ? k : v;
    Eight a = load(qkv, at.inQkv), b = load(qkv, at.inQkv + at.half);
    if (at.part != 2)
        turn(a, b, load(cos, at.angle), load(sin, at.angle), 1.0F);
    store(out, at.inHeads, a);
    store(out, at.inHeads + at.half, b);
}

__global__ void joinHeadsKernel(const void* q, const void* k, const void* v, const void* cos,
                                const void* sin, void* qkv, HeadShape shape, std::int64_t count) {
    const std::int64_t i = thread();
    if (i >= count)
        return;
    const HeadPiece at = headPiece(i, shape);
    const void* in = at.part == 0 ? q : at.part == 1 ? k : v;
    Eight a = load(in, at.inHeads), b = load(in, at.inHeads + at.half);
    if (at.part != 2)
        turn(a, b, load(cos, at.angle), load(sin, at.angle), -1.0F);
    store(qkv, at.inQkv, a);
    store(qkv, at.inQkv + at.half, b);
}

std::int64_t headPieces(const HeadShape& s) {
    return s.tokens * (s.heads + 2 * s.kvHeads) * s.headDim / (2 * width);
}

// ---- activations in few bits -------------------------------------------------------------------

__global__ void quantizeRowsKernel(const void* x, const float* scale, void* out, float* steps,
                                   std::int64_t rows, std::int64_t pieces, RowQuantizer quantizer) {
    const std::int64_t row = thread() / warp;
    const int lane = threadIdx.x % warp;
    if (row >= rows)
        return;
    float lo = 0.0F, hi = 0.0F;
    for (std::int64_t p = lane; p < pieces; p += warp) {
        const Eight value = load(x, row * pieces + p);
#pragma unroll
        for (int k = 0; k < width; ++k) {
            const float y = value.v[k] * scale[p * width + k];
            lo = fminf(lo, y);
            hi = fmaxf(hi, y);
        }
    }
    for (int step = warp / 2; step > 0; step /= 2) {
        lo = fminf(lo, __shfl_xor_sync(~0U, lo, step));
        hi = fmaxf(hi, __shfl_xor_sync(~0U, hi, step));
    }
    lo *= quantizer.clipLow;
    hi *= quantizer.clipHigh;
    const float range = (hi - lo) / quantizer.levels;
    const float s = range > 0.0F ? range : 1.0F;
    const float z = rintf(-lo / s);
    for (std::int64_t p = lane; p < pieces; p += warp) {
        Eight value = load(x, row * pieces + p);
#pragma unroll
        for (int k = 0; k < width; ++k) {
            const float q = rintf(value.v[k] * scale[p * width + k] / s) + z;
            value.v[k] = (fminf(fmaxf(q, 0.0F), quantizer.levels) - z) * s;
        }
        store(out, row * pieces + p, value);
    }
    if (lane == 0) {
        steps[2 * row] = s;
        steps[2 * row + 1] = z;
    }
}

__global__ void quantizeRowsGradientKernel(const void* gradient, const void* x, const float* scale,
                                           const float* steps, void* xGradient, float* scaleSums,
                                           std::int64_t rows, std::int64_t pieces,
                                           RowQuantizer quantizer) {
    const std::int64_t p = static_cast<std::int64_t>(blockIdx.y) * blockDim.x + threadIdx.x;
    if (p >= pieces)
        return;
    const std::int64_t strip = (rows + gridDim.x - 1) / gridDim.x;
    const std::int64_t first = blockIdx.x * strip, last = min(rows, first + strip);
    // At full range only the rounding of z can be clamped.
    const bool clips = quantizer.clipLow < 1.0F || quantizer.clipHigh < 1.0F;
    float own[width], sums[width];
#pragma unroll
    for (int k = 0; k < width; ++k) {
        own[k] = scale[p * width + k];
        sums[k] = 0.0F;
    }
    for (std::int64_t row = first; row < last; ++row) {
        Eight g = load(gradient, row * pieces + p);
        const Eight value = load(x, row * pieces + p);
        const float s = steps[2 * row], z = steps[2 * row + 1];
#pragma unroll
        for (int k = 0; k < width; ++k) {
            const float y = value.v[k] * own[k], q = rintf(y / s) + z;
            const bool inside = !clips || (q >= 0.0F && q <= quantizer.levels);
            const float through = inside ? g.v[k] : 0.0F;
            sums[k] += through * y;
            g.v[k] = through * own[k];
        }
        store(xGradient, row * pieces + p, g);
    }
#pragma unroll
    for (int k = 0; k < width; ++k)
        scaleSums[(blockIdx.x * pieces + p) * width + k] = sums[k];
}

} // namespace

void gatedUnit(const void* gateUp, void* out, std::int64_t rows, std::int64_t units,
               Stream stream) {
    const std::int64_t count = rows * units / width;
    gatedUnitKernel<<<blocksFor(count, 256), 256, 0, stream>>>(gateUp, out, count, units / width);
}

void gatedUnitGradient(const void* gradient, const void* gateUp, void* gateUpGradient,
                       std::int64_t rows, std::int64_t units, Stream stream) {
    const std::int64_t count = rows * units / width;
    gatedUnitGradientKernel<<<blocksFor(count, 256), 256, 0, stream>>>(
        gradient, gateUp, gateUpGradient, count, units / width);
}

void splitHeads(const void* qkv, const void* cos, const void* sin, void* q, void* k, void* v,
                const HeadShape& shape, Stream stream) {
    const std::int64_t count = headPieces(shape);
    splitHeadsKernel<<<blocksFor(count, 256), 256, 0, stream>>>(qkv, cos, sin, q, k, v, shape,
                                                                count);
}

void joinHeads(const void* q, const void* k, const void* v, const void* cos, const void* sin,
               void* qkv, const HeadShape& shape, Stream stream) {
    const std::int64_t count = headPieces(shape);
    joinHeadsKernel<<<blocksFor(count, 256), 256, 0, stream>>>(q, k, v, cos, sin, qkv, shape,
                                                               count);
}

void quantizeRows(const void* x, const float* scale, void* out, float* steps, std::int64_t rows,
                  std::int64_t cols, const RowQuantizer& quantizer, Stream stream) {
    quantizeRowsKernel<<<blocksFor(rows * warp, 256), 256, 0, stream>>>(x, scale, out, steps, rows,
                                                                        cols / width, quantizer);
}

void quantizeRowsGradient(const void* gradient, const void* x, const float* scale,
                          const float* steps, void* xGradient, float* scaleSums,
                          std::int64_t strips, std::int64_t rows, std::int64_t cols,
                          const RowQuantizer& quantizer, Stream stream) {
    const std::int64_t pieces = cols / width;
    const int threads = 96;
    const dim3 grid(static_cast<unsigned>(strips), blocksFor(pieces, threads));
    quantizeRowsGradientKernel<<<grid, threads, 0, stream>>>(gradient, x, scale, steps, xGradient,
                                                             scaleSums, rows, pieces, quantizer);
}

} // namespace bwla::gpu
