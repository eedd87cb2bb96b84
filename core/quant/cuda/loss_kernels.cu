// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/cuda/log_sum.cuh"
#include "core/quant/cuda/training_kernels.h"

namespace bwla::gpu {
namespace {

// ---- divergence --------------------------------------------------------------------------------

constexpr int klThreads = 512;

__device__ LogSum overBlock(LogSum x, LogSum* shared) {
    for (int step = warp / 2; step > 0; step /= 2)
        x.merge({__shfl_xor_sync(~0U, x.most, step), __shfl_xor_sync(~0U, x.sum, step)});
    if (threadIdx.x % warp == 0)
        shared[threadIdx.x / warp] = x;
    __syncthreads();
    LogSum all = shared[0];
    for (int i = 1; i < klThreads / warp; ++i)
        all.merge(shared[i]);
    __syncthreads();
    return all;
}

__device__ float overBlock(float x, float* shared) {
    for (int step = warp / 2; step > 0; step /= 2)
        x += __shfl_xor_sync(~0U, x, step);
    if (threadIdx.x % warp == 0)
        shared[threadIdx.x / warp] = x;
    __syncthreads();
    float all = 0.0F;
    for (int i = 0; i < klThreads / warp; ++i)
        all += shared[i];
    return all;
}

__global__ void __launch_bounds__(klThreads)
    klOfRowsKernel(const void* teacher, void* student, float* sums, std::int64_t pieces) {
    __shared__ LogSum shared[klThreads / warp];
    __shared__ float sharedSums[klThreads / warp];
    const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * pieces;
    constexpr float none = -1e30F;
    LogSum p{none, 0.0F}, q{none, 0.0F};
    for (std::int64_t i = threadIdx.x; i < pieces; i += klThreads) {
        p.add(load(teacher, first + i));
        q.add(load(student, first + i));
    }
    const float logP = overBlock(p, shared).value(), logQ = overBlock(q, shared).value();
    float kl = 0.0F;
    for (std::int64_t i = threadIdx.x; i < pieces; i += klThreads) {
        const Eight t = load(teacher, first + i);
        Eight s = load(student, first + i);
#pragma unroll
        for (int k = 0; k < width; ++k) {
            const float a = t.v[k] - logP, b = s.v[k] - logQ, pk = __expf(a);
            kl += pk * (a - b);
            s.v[k] = __expf(b) - pk;
        }
        store(student, first + i, s);
    }
    const float all = overBlock(kl, sharedSums);
    if (threadIdx.x == 0)
        sums[blockIdx.x] = all;
}

// ---- latents -----------------------------------------------------------------------------------

__device__ float steppedLatent(const LatentStep& s, float value, float gradient, float& first,
                               float& second) {
    const float g = fabsf(value) <= s.bound ? gradient : 0.0F;
    first += (1.0F - s.beta1) * (g - first);
    second = s.beta2 * second + (1.0F - s.beta2) * g * g;
    return value - s.rates[0] * (first * s.rates[1]) / (sqrtf(second * s.rates[2]) + s.epsilon);
}

__global__ void stepLatentsKernel(LatentStep s) {
    const std::int64_t i = thread();
    if (i >= s.size / 4)
        return;
    auto* const values = reinterpret_cast<float4*>(s.value) + i;
    auto* const firsts = reinterpret_cast<float4*>(s.first) + i;
    auto* const seconds = reinterpret_cast<float4*>(s.second) + i;
    auto* const gradients = static_cast<__nv_bfloat162*>(s.gradient) + 2 * i;
    auto* const signs = static_cast<__nv_bfloat162*>(s.signs) + 2 * i;
    float4 value = *values, first = *firsts, second = *seconds;
    const float2 low = __bfloat1622float2(gradients[0]), high = __bfloat1622float2(gradients[1]);
    value.x = steppedLatent(s, value.x, low.x, first.x, second.x);
    value.y = steppedLatent(s, value.y, low.y, first.y, second.y);
    value.z = steppedLatent(s, value.z, high.x, first.z, second.z);
    value.w = steppedLatent(s, value.w, high.y, first.w, second.w);
    *values = value;
    *firsts = first;
    *seconds = second;
    gradients[0] = gradients[1] = __floats2bfloat162_rn(0.0F, 0.0F);
    const auto sign = [](float x) { return x >= 0.0F ? 1.0F : -1.0F; };
    signs[0] = __floats2bfloat162_rn(sign(value.x), sign(value.y));
    signs[1] = __floats2bfloat162_rn(sign(value.z), sign(value.w));
}

} // namespace

std::int64_t freeMemory() {
    std::size_t free = 0, total = 0;
    return cudaMemGetInfo(&free, &total) == cudaSuccess ? static_cast<std::int64_t>(free) : 0;
}

void klOfRows(const void* teacher, void* student, float* sums, std::int64_t rows, std::int64_t cols,
              Stream stream) {
    klOfRowsKernel<<<static_cast<unsigned>(rows), klThreads, 0, stream>>>(teacher, student, sums,
                                                                          cols / width);
}

void stepLatents(const LatentStep& step, Stream stream) {
    stepLatentsKernel<<<blocksFor(step.size / 4, 256), 256, 0, stream>>>(step);
}

} // namespace bwla::gpu
