// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/cuda/eight_values.cuh"
#include "core/quant/cuda/training_kernels.h"

namespace bwla::gpu {
namespace {

constexpr int rowsAThread = 4; // that share what is read of B
constexpr int rowsAStrip = 8;  // of gradients that are added up at once
constexpr int mostThreads = 256;

struct EightFloats {
    float v[width];
};

__device__ EightFloats loadFloats(const float* base, std::int64_t index) {
    const auto* at = reinterpret_cast<const float4*>(base) + 2 * index;
    const float4 a = at[0], b = at[1];
    return {{a.x, a.y, a.z, a.w, b.x, b.y, b.z, b.w}};
}

__device__ EightFloats columnScales(const float* logColumn, std::int64_t piece) {
    EightFloats scale;
#pragma unroll
    for (int k = 0; k < width; ++k)
        scale.v[k] = logColumn == nullptr ? 1.0F : expf(logColumn[piece * width + k]);
    return scale;
}

__global__ void binaryWeightsKernel(BinaryWeights w, void* out) {
    const std::int64_t pieces = w.cols / width, i = thread();
    const std::int64_t piece = i % pieces, first = i / pieces * rowsAThread;
    if (first >= w.rows)
        return;
    const auto row = [&](int r) { return min(first + r, w.rows - 1); };
    float sums[rowsAThread][width] = {};
    for (std::int64_t k = 0; k < w.rank; ++k) {
        const EightFloats b = loadFloats(w.lowRankB, k * pieces + piece);
#pragma unroll
        for (int r = 0; r < rowsAThread; ++r) {
            const float a = w.lowRankA[row(r) * w.rank + k];
#pragma unroll
            for (int j = 0; j < width; ++j)
                sums[r][j] += a * b.v[j];
        }
    }
    const EightFloats scale = columnScales(w.logColumn, piece);
    for (int r = 0; r < rowsAThread && first + r < w.rows; ++r) {
        Eight x = load(w.signs, row(r) * pieces + piece);
        const float level = expf(w.logRow[row(r)]);
#pragma unroll
        for (int j = 0; j < width; ++j)
            x.v[j] = (x.v[j] * level + sums[r][j]) * scale.v[j];
        store(out, row(r) * pieces + piece, x);
    }
}

/// A strip of rows, `width` columns a thread. Sums over columns are added up by the workgroup,
/// those over rows by each thread for itself.
__global__ void binaryWeightsGradientKernel(BinaryWeights w, BinaryWeightsGradient g) {
    __shared__ float partial[rowsAStrip][mostThreads / warp];
    const std::int64_t pieces = w.cols / width;
    const std::int64_t piece = static_cast<std::int64_t>(blockIdx.y) * blockDim.x + threadIdx.x;
    const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * rowsAStrip;
    const bool mine = piece < pieces;
    const int count = static_cast<int>(min(static_cast<std::int64_t>(rowsAStrip), w.rows - first));
    const EightFloats scale = columnScales(mine ? w.logColumn : nullptr, piece);
    float columns[width] = {};
    for (int r = 0; r < count; ++r) {
        const std::int64_t at = (first + r) * pieces + piece;
        float sum = 0.0F;
        if (mine) {
            Eight x = load(g.gradient, at);
            const Eight sign = load(w.signs, at), weight = load(g.weights, at);
            const float level = expf(w.logRow[first + r]);
#pragma unroll
            for (int j = 0; j < width; ++j) {
                columns[j] += x.v[j] * weight.v[j];
                x.v[j] *= scale.v[j] * level;
                sum += x.v[j] * sign.v[j];
            }
            if (g.signGradient != nullptr)
                store(g.signGradient, at, x);
        }
        for (int step = warp / 2; step > 0; step /= 2)
            sum += __shfl_xor_sync(~0U, sum, step);
        if (threadIdx.x % warp == 0)
            partial[r][threadIdx.x / warp] = sum;
    }
    __syncthreads();
    if (static_cast<int>(threadIdx.x) < count) {
        float sum = 0.0F;
        for (unsigned i = 0; i < blockDim.x / warp; ++i)
            sum += partial[threadIdx.x][i];
        g.rowSums[blockIdx.y * w.rows + first + threadIdx.x] = sum;
    }
    if (!mine || g.columnSums == nullptr)
        return;
#pragma unroll
    for (int j = 0; j < width; ++j)
        g.columnSums[(blockIdx.x * pieces + piece) * width + j] = columns[j];
}

} // namespace

void binaryWeights(const BinaryWeights& weights, void* out, Stream stream) {
    const std::int64_t threads =
        weights.cols / width * ((weights.rows + rowsAThread - 1) / rowsAThread);
    binaryWeightsKernel<<<blocksFor(threads, 128), 128, 0, stream>>>(weights, out);
}

GradientStrips gradientStrips(std::int64_t rows, std::int64_t cols) {
    return {(rows + rowsAStrip - 1) / rowsAStrip,
            static_cast<std::int64_t>(blocksFor(cols / width, mostThreads))};
}

void binaryWeightsGradient(const BinaryWeights& weights, const BinaryWeightsGradient& gradient,
                           Stream stream) {
    const GradientStrips strips = gradientStrips(weights.rows, weights.cols);
    const auto wanted = static_cast<int>(blocksFor(weights.cols / width, warp)) * warp;
    const int threads = wanted < mostThreads ? wanted : mostThreads;
    const dim3 grid(static_cast<unsigned>(strips.ofRows), static_cast<unsigned>(strips.ofColumns));
    binaryWeightsGradientKernel<<<grid, threads, 0, stream>>>(weights, gradient);
}

} // namespace bwla::gpu
