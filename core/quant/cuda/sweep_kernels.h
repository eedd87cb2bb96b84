// SPDX-License-Identifier: GPL-3.0-or-later
//
// row_sweeps.h on an NVIDIA GPU: rows are independent, so each has threads of its own. Plain CUDA,
// no libtorch; everything is row-major float32 on the current device. Nothing waits.
#pragma once

#include <cstdint>

struct CUstream_st; // cudaStream_t

namespace bwla::gpu {

struct FlipSweeps {
    float* signs = nullptr;              ///< (rows, cols), +-1
    float* gradient = nullptr;           ///< (rows, cols), follows the signs
    const float* rowScale = nullptr;     ///< (rows)
    const float* columnScale = nullptr;  ///< (cols)
    const float* h = nullptr;            ///< (cols, cols), symmetric
    const float* diagonal = nullptr;     ///< of h, (cols)
    const std::int32_t* order = nullptr; ///< columns as they are looked at, (cols)
    unsigned long long* flips = nullptr; ///< to which the turned signs are added
    std::int64_t rows = 0, cols = 0;
    int sweeps = 0;
};
/// False where a row does not fit in a multiprocessor's memory: then nothing was begun.
[[nodiscard]] bool flipSweeps(const FlipSweeps& work, CUstream_st* stream);

/// One block of at most gptqColumns columns.
struct GptqBlock {
    float* rest = nullptr;              ///< first of the block's columns, rows `restStride` apart
    const float* factor = nullptr;      ///< U's block, rows `factorStride` apart
    const float* rowScale = nullptr;    ///< (rows)
    const float* columnScale = nullptr; ///< of these columns
    float* signs = nullptr;             ///< of these columns, rows `signStride` apart
    float* errors = nullptr;            ///< (rows, width)
    std::int64_t rows = 0, width = 0;
    std::int64_t restStride = 0, factorStride = 0, signStride = 0;
};
inline constexpr std::int64_t gptqColumns = 64;
void gptqBlock(const GptqBlock& work, CUstream_st* stream);

} // namespace bwla::gpu
