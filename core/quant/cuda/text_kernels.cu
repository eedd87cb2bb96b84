// SPDX-License-Identifier: GPL-3.0-or-later
//
// Reading the cache is what writing text costs: at 350 positions 1.1 GB a layer for 4,096 texts.
// So the heads that share keys and values are served by one workgroup, which reads them once.
#include "core/quant/cuda/log_sum.cuh"
#include "core/quant/cuda/training_kernels.h"

namespace bwla::gpu {
namespace {

constexpr int attendThreads = 128, drawThreads = 512;
constexpr float none = -1e30F;

__device__ float bfloat(const void* base, std::int64_t index) {
    return __bfloat162float(static_cast<const __nv_bfloat16*>(base)[index]);
}

/// The workgroup's own text and key head.
struct Place {
    const void* qkv;            // of the text
    std::int64_t kvHead, cache; // cache: of the head's first key, in values
    std::int64_t position;
};

/// Turns a head of the newest token by its position: value d of the turned head.
__device__ float turned(const DecodeShape& s, const Place& at, std::int64_t head, int d,
                        const void* cos, const void* sin) {
    const int half = static_cast<int>(s.headDim / 2), pair = d % half;
    const float a = bfloat(at.qkv, head * s.headDim + pair),
                b = bfloat(at.qkv, head * s.headDim + pair + half),
                c = bfloat(cos, at.position * half + pair),
                sn = bfloat(sin, at.position * half + pair);
    return d < half ? a * c - b * sn : b * c + a * sn;
}

/// Key and value of the newest token into the cache, its queries into shared memory.
template<int heads>
__device__ void place(const DecodeShape& s, const Place& at, const void* cos, const void* sin,
                      void* keys, void* values, float* queries) {
    const int dim = static_cast<int>(s.headDim);
    const float scale = rsqrtf(static_cast<float>(dim));
    for (int i = static_cast<int>(threadIdx.x); i < heads * dim; i += attendThreads)
        queries[i] = scale * turned(s, at, at.kvHead * heads + i / dim, i % dim, cos, sin);
    const std::int64_t row = at.cache + at.position * dim;
    for (int d = static_cast<int>(threadIdx.x); d < dim; d += attendThreads) {
        static_cast<__nv_bfloat16*>(keys)[row + d] =
            __float2bfloat16(turned(s, at, s.heads + at.kvHead, d, cos, sin));
        static_cast<__nv_bfloat16*>(values)[row + d] =
            static_cast<const __nv_bfloat16*>(at.qkv)[(s.heads + s.kvHeads + at.kvHead) * dim + d];
    }
}

/// Scores of one head become weights; the warp's sum of them.
__device__ float softmax(float* scores, int count) {
    const int lane = static_cast<int>(threadIdx.x) % warp;
    float most = none, sum = 0.0F;
    for (int i = lane; i < count; i += warp)
        most = fmaxf(most, scores[i]);
    for (int step = warp / 2; step > 0; step /= 2)
        most = fmaxf(most, __shfl_xor_sync(~0U, most, step));
    for (int i = lane; i < count; i += warp) {
        scores[i] = __expf(scores[i] - most);
        sum += scores[i];
    }
    for (int step = warp / 2; step > 0; step /= 2)
        sum += __shfl_xor_sync(~0U, sum, step);
    return sum;
}

/// A workgroup a text and key head. `lanes` threads share a key, 8 values each.
template<int heads, int lanes>
__global__ void __launch_bounds__(attendThreads)
    attendKernel(DecodeShape s, const void* qkv, const void* cos, const void* sin, void* keys,
                 void* values, void* out) {
    constexpr int dim = lanes * width, keysAtOnce = attendThreads / lanes,
                  warps = attendThreads / warp;
    extern __shared__ float scores[]; // (heads, length)
    __shared__ float queries[heads * dim], sums[heads], parts[warps][heads * dim];
    const std::int64_t text = blockIdx.x / s.kvHeads, kvHead = blockIdx.x % s.kvHeads;
    const std::int64_t columns = (s.heads + 2 * s.kvHeads) * dim;
    const Place at{static_cast<const __nv_bfloat16*>(qkv) + text * columns, kvHead,
                   static_cast<std::int64_t>(blockIdx.x) * s.length * dim, *s.position};
    const int count = static_cast<int>(at.position) + 1, thread = static_cast<int>(threadIdx.x),
              slot = thread / lanes, piece = thread % lanes, length = static_cast<int>(s.length);
    place<heads>(s, at, cos, sin, keys, values, queries);
    __syncthreads();

    float own[heads][width];
#pragma unroll
    for (int h = 0; h < heads; ++h)
#pragma unroll
        for (int j = 0; j < width; ++j)
            own[h][j] = queries[h * dim + piece * width + j];
    const std::int64_t first = at.cache / width + piece;
    for (int base = 0; base < count; base += keysAtOnce) { // all threads take part in shuffles
        const int key = base + slot;
        const Eight k = load(keys, first + static_cast<std::int64_t>(min(key, count - 1)) * lanes);
#pragma unroll
        for (int h = 0; h < heads; ++h) {
            float dot = 0.0F;
#pragma unroll
            for (int j = 0; j < width; ++j)
                dot += own[h][j] * k.v[j];
#pragma unroll
            for (int step = lanes / 2; step > 0; step /= 2)
                dot += __shfl_xor_sync(~0U, dot, step);
            if (piece == 0 && key < count)
                scores[h * length + key] = dot;
        }
    }
    __syncthreads();
    for (int h = thread / warp; h < heads; h += warps) {
        const float sum = softmax(scores + h * length, count);
        if (thread % warp == 0)
            sums[h] = sum;
    }
    __syncthreads();

#pragma unroll
    for (int h = 0; h < heads; ++h)
#pragma unroll
        for (int j = 0; j < width; ++j)
            own[h][j] = 0.0F;
    for (int key = slot; key < count; key += keysAtOnce) {
        const Eight v = load(values, first + static_cast<std::int64_t>(key) * lanes);
#pragma unroll
        for (int h = 0; h < heads; ++h) {
            const float weight = scores[h * length + key];
#pragma unroll
            for (int j = 0; j < width; ++j)
                own[h][j] += weight * v.v[j];
        }
    }
#pragma unroll
    for (int h = 0; h < heads; ++h)
#pragma unroll
        for (int j = 0; j < width; ++j) {
#pragma unroll
            for (int step = lanes; step < warp; step *= 2)
                own[h][j] += __shfl_xor_sync(~0U, own[h][j], step);
            if (thread % warp < lanes)
                parts[thread / warp][h * dim + piece * width + j] = own[h][j];
        }
    __syncthreads();
    for (int i = thread; i < heads * dim; i += attendThreads) {
        float sum = 0.0F;
        for (int w = 0; w < warps; ++w)
            sum += parts[w][i];
        static_cast<__nv_bfloat16*>(out)[(text * s.heads + kvHead * heads) * dim + i] =
            __float2bfloat16(sum / sums[i / dim]);
    }
}

/// The sum of what this thread and those before it have; of all threads in `all`.
__device__ float sumSoFar(float own, float* shared, float& all) {
    const int lane = static_cast<int>(threadIdx.x) % warp,
              group = static_cast<int>(threadIdx.x) / warp;
    for (int step = 1; step < warp; step *= 2) {
        const float before = __shfl_up_sync(~0U, own, step);
        if (lane >= step)
            own += before;
    }
    if (lane == warp - 1)
        shared[group] = own;
    __syncthreads();
    all = 0.0F;
    for (int i = 0; i < drawThreads / warp; ++i) {
        own += i < group ? shared[i] : 0.0F;
        all += shared[i];
    }
    return own;
}

/// Tokens in the order in which threads have them: to a draw the order does not matter.
__global__ void __launch_bounds__(drawThreads)
    drawKernel(const void* logits, const float* random, std::int64_t* tokens, std::int64_t pieces) {
    __shared__ float shared[drawThreads / warp];
    __shared__ int chosen;
    const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * pieces;
    const int thread = static_cast<int>(threadIdx.x);
    LogSum own{none, 0.0F};
    for (std::int64_t i = thread; i < pieces; i += drawThreads)
        own.add(load(logits, first + i));
    float largest = own.most;
    for (int step = warp / 2; step > 0; step /= 2)
        largest = fmaxf(largest, __shfl_xor_sync(~0U, largest, step));
    if (thread % warp == 0)
        shared[thread / warp] = largest;
    if (thread == 0)
        chosen = drawThreads;
    __syncthreads();
    for (int i = 0; i < drawThreads / warp; ++i)
        largest = fmaxf(largest, shared[i]);
    __syncthreads();
    const float sum = own.sum * __expf(own.most - largest);
    float all = 0.0F;
    const float soFar = sumSoFar(sum, shared, all), target = random[blockIdx.x] * all;
    if (soFar > target)
        atomicMin(&chosen, thread);
    __syncthreads();
    // None, where rounding made the sums end before the target: the first one then.
    if (thread != (chosen == drawThreads ? 0 : chosen))
        return;
    float before = soFar - sum;
    for (std::int64_t i = thread; i < pieces; i += drawThreads) {
        const Eight x = load(logits, first + i);
        for (int k = 0; k < width; ++k) {
            const float p = __expf(x.v[k] - largest);
            before += p;
            if (p > 0.0F)
                tokens[blockIdx.x] = i * width + k;
            if (before > target)
                return;
        }
    }
}

template<int heads, int lanes>
void attendWith(const DecodeShape& s, const void* qkv, const void* cos, const void* sin, void* keys,
                void* values, void* out, Stream stream) {
    const auto shared = static_cast<std::size_t>(heads * s.length) * sizeof(float);
    attendKernel<heads, lanes>
        <<<static_cast<unsigned>(s.texts * s.kvHeads), attendThreads, shared, stream>>>(
            s, qkv, cos, sin, keys, values, out);
}

} // namespace

bool canAttend(const DecodeShape& s) {
    constexpr std::int64_t sharedBytes = 40'000; // beside what is of fixed size
    const std::int64_t heads = s.heads / s.kvHeads;
    return s.headDim == 64 && heads * s.kvHeads == s.heads && heads >= 1 && heads <= 4 &&
           heads * s.length * static_cast<std::int64_t>(sizeof(float)) <= sharedBytes;
}

void attendNewest(const DecodeShape& s, const void* qkv, const void* cos, const void* sin,
                  void* keys, void* values, void* out, Stream stream) {
    using Kernel = void (*)(const DecodeShape&, const void*, const void*, const void*, void*, void*,
                            void*, Stream);
    constexpr Kernel kernels[] = {attendWith<1, 8>, attendWith<2, 8>, attendWith<3, 8>,
                                  attendWith<4, 8>};
    kernels[s.heads / s.kvHeads - 1](s, qkv, cos, sin, keys, values, out, stream);
}

void drawTokens(const void* logits, const float* random, std::int64_t* tokens, std::int64_t rows,
                std::int64_t cols, Stream stream) {
    drawKernel<<<static_cast<unsigned>(rows), drawThreads, 0, stream>>>(logits, random, tokens,
                                                                        cols / width);
}

} // namespace bwla::gpu
