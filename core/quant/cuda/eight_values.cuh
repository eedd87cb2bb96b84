// SPDX-License-Identifier: GPL-3.0-or-later
//
// Rows of bfloat16 in pieces of eight values, the 16 bytes that a thread moves at once.
#pragma once

#include <cuda_bf16.h>

#include <cstdint>

namespace bwla::gpu {

constexpr int width = 8; // values of a 16-byte access
constexpr int warp = 32;

struct Eight {
    float v[width];
};

__device__ inline Eight load(const void* base, std::int64_t index) {
    const uint4 bits = static_cast<const uint4*>(base)[index];
    const auto* pairs = reinterpret_cast<const __nv_bfloat162*>(&bits);
    Eight x;
#pragma unroll
    for (int i = 0; i < width / 2; ++i) {
        const float2 pair = __bfloat1622float2(pairs[i]);
        x.v[2 * i] = pair.x;
        x.v[2 * i + 1] = pair.y;
    }
    return x;
}

__device__ inline void store(void* base, std::int64_t index, const Eight& x) {
    uint4 bits;
    auto* pairs = reinterpret_cast<__nv_bfloat162*>(&bits);
#pragma unroll
    for (int i = 0; i < width / 2; ++i)
        pairs[i] = __floats2bfloat162_rn(x.v[2 * i], x.v[2 * i + 1]);
    static_cast<uint4*>(base)[index] = bits;
}

__device__ inline std::int64_t thread() {
    return static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}

inline unsigned blocksFor(std::int64_t threads, int perBlock) {
    return static_cast<unsigned>((threads + perBlock - 1) / perBlock);
}

} // namespace bwla::gpu
