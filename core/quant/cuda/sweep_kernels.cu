// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/cuda/sweep_kernels.h"

namespace bwla::gpu {
namespace {

constexpr int warp = 32;
constexpr int flipThreads = 128;
constexpr int gptqWarps = 4; // rows that a thread block does at once

/// A thread block a row, whose gradient and signs stay in shared memory. The next 32 columns are
/// looked at together: until one of them turns, nothing that decides about the others changes.
/// Every warp sees the same and so finds the same column.
__global__ void __launch_bounds__(flipThreads) flipSweepsKernel(FlipSweeps s) {
    extern __shared__ float g[];
    auto* const sign = reinterpret_cast<signed char*>(g + s.cols);
    const std::int64_t row = blockIdx.x;
    float* const signs = s.signs + row * s.cols;
    float* const gradient = s.gradient + row * s.cols;
    for (std::int64_t j = threadIdx.x; j < s.cols; j += flipThreads) {
        g[j] = gradient[j];
        sign[j] = signs[j] >= 0.0F ? 1 : -1;
    }
    __syncthreads();
    const float a = 2.0F * s.rowScale[row];
    const int lane = threadIdx.x % warp;
    unsigned long long total = 0;
    for (int sweep = 0; sweep < s.sweeps; ++sweep) {
        const unsigned long long before = total;
        for (std::int64_t at = 0; at < s.cols;) {
            const bool has = at + lane < s.cols;
            const std::int32_t own = has ? s.order[at + lane] : 0;
            const float d = a * s.columnScale[own] * static_cast<float>(sign[own]);
            const bool turns = has && 2.0F * d * g[own] + d * d * s.diagonal[own] < 0.0F;
            const unsigned turning = __ballot_sync(~0U, turns);
            if (turning == 0U) {
                at += warp;
                continue;
            }
            const int first = __ffs(static_cast<int>(turning)) - 1;
            const std::int32_t column = __shfl_sync(~0U, own, first);
            const float step = __shfl_sync(~0U, d, first);
            const float* const h = s.h + column * s.cols;
            __syncthreads(); // all have looked
            for (std::int64_t j = threadIdx.x; j < s.cols; j += flipThreads)
                g[j] += step * h[j];
            if (threadIdx.x == 0)
                sign[column] = static_cast<signed char>(-sign[column]);
            __syncthreads();
            ++total;
            at += first + 1;
        }
        if (total == before)
            break;
    }
    for (std::int64_t j = threadIdx.x; j < s.cols; j += flipThreads) {
        gradient[j] = g[j];
        signs[j] = static_cast<float>(sign[j]);
    }
    if (threadIdx.x == 0)
        atomicAdd(s.flips, total);
}

/// A warp a row: each lane has two of the 64 columns.
__global__ void __launch_bounds__(gptqWarps* warp) gptqBlockKernel(GptqBlock s) {
    __shared__ float u[gptqColumns][gptqColumns];
    for (int i = threadIdx.x; i < gptqColumns * gptqColumns; i += gptqWarps * warp) {
        const int r = i / gptqColumns, c = i % gptqColumns;
        u[r][c] = r < s.width && c < s.width ? s.factor[r * s.factorStride + c] : 0.0F;
    }
    __syncthreads();
    const std::int64_t row = static_cast<std::int64_t>(blockIdx.x) * gptqWarps + threadIdx.x / warp;
    if (row >= s.rows)
        return;
    const int lane = threadIdx.x % warp, high = lane + warp;
    const float* const rest = s.rest + row * s.restStride;
    float low0 = lane < s.width ? rest[lane] : 0.0F;
    float high0 = high < s.width ? rest[high] : 0.0F;
    const float a = s.rowScale[row];
    for (int j = 0; j < s.width; ++j) {
        const float w = __shfl_sync(~0U, j < warp ? low0 : high0, j % warp);
        const float sign = w >= 0.0F ? 1.0F : -1.0F;
        const float error = (w - a * s.columnScale[j] * sign) / u[j][j];
        if (lane == j % warp) {
            s.signs[row * s.signStride + j] = sign;
            s.errors[row * s.width + j] = error;
        }
        low0 -= error * u[j][lane]; // U is upper: nothing happens to columns before j
        high0 -= error * u[j][high];
    }
}

} // namespace

bool flipSweeps(const FlipSweeps& work, CUstream_st* stream) {
    const auto bytes = static_cast<std::size_t>(work.cols) * (sizeof(float) + 1);
    int device = 0, most = 0;
    if (cudaGetDevice(&device) != cudaSuccess ||
        cudaDeviceGetAttribute(&most, cudaDevAttrMaxSharedMemoryPerBlockOptin, device) !=
            cudaSuccess ||
        bytes > static_cast<std::size_t>(most) ||
        cudaFuncSetAttribute(flipSweepsKernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                             static_cast<int>(bytes)) != cudaSuccess)
        return false;
    flipSweepsKernel<<<static_cast<unsigned>(work.rows), flipThreads, bytes, stream>>>(work);
    return true;
}

void gptqBlock(const GptqBlock& work, CUstream_st* stream) {
    const auto blocks = static_cast<unsigned>((work.rows + gptqWarps - 1) / gptqWarps);
    gptqBlockKernel<<<blocks, gptqWarps * warp, 0, stream>>>(work);
}

} // namespace bwla::gpu
