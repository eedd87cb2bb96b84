// SPDX-License-Identifier: GPL-3.0-or-later
//
// Kernels of the refinement on an NVIDIA GPU: each takes one pass over its data where eager
// libtorch takes three to twelve. Plain CUDA, no libtorch. Data is bfloat16 unless said, row-major,
// 16-byte aligned, and every row length a multiple of 8; sums and arithmetic are float32. Nothing
// waits. Errors of a launch are found by the next call of libtorch.
#pragma once

#include <cstdint>

struct CUstream_st; // cudaStream_t

namespace bwla::gpu {

using Stream = CUstream_st*;

/// Bytes of the current device that nobody holds.
[[nodiscard]] std::int64_t freeMemory();

/// gateUp (rows, 2 units) -> silu(gate) * up (rows, units).
void gatedUnit(const void* gateUp, void* out, std::int64_t rows, std::int64_t units, Stream stream);
void gatedUnitGradient(const void* gradient, const void* gateUp, void* gateUpGradient,
                       std::int64_t rows, std::int64_t units, Stream stream);

struct HeadShape {
    std::int64_t tokens = 0; ///< windows * positions
    std::int64_t positions = 0;
    std::int64_t heads = 0, kvHeads = 0, headDim = 0;
};
/// qkv (tokens, (heads + 2 kvHeads) headDim) -> q (tokens, heads, headDim), k and v (tokens,
/// kvHeads, headDim), q and k turned by cos and sin (positions, headDim / 2).
void splitHeads(const void* qkv, const void* cos, const void* sin, void* q, void* k, void* v,
                const HeadShape& shape, Stream stream);
/// The way back of the gradients.
void joinHeads(const void* q, const void* k, const void* v, const void* cos, const void* sin,
               void* qkv, const HeadShape& shape, Stream stream);

struct RowQuantizer {
    float levels = 63.0F; ///< 2^bits - 1
    float clipLow = 1.0F, clipHigh = 1.0F;
};
/// x (rows, cols) times scale (cols, float32), each row rounded as the engine rounds activations
/// (docs/method.md); `steps` (rows, 2), float32, gets each row's s and z.
void quantizeRows(const void* x, const float* scale, void* out, float* steps, std::int64_t rows,
                  std::int64_t cols, const RowQuantizer& quantizer, Stream stream);
/// Straight through what was rounded, 0 for what was clamped: the gradient of x, and of log scale
/// as sums (strips, cols), float32, over strips of rows.
void quantizeRowsGradient(const void* gradient, const void* x, const float* scale,
                          const float* steps, void* xGradient, float* scaleSums,
                          std::int64_t strips, std::int64_t rows, std::int64_t cols,
                          const RowQuantizer& quantizer, Stream stream);

/// Logits (rows, cols): sums[row] = KL(teacher | student), float32, and student becomes
/// d KL / d student.
void klOfRows(const void* teacher, void* student, float* sums, std::int64_t rows, std::int64_t cols,
              Stream stream);

/// A group's weights (rows, cols): (signs * exp(logRow) + A B) * exp(logColumn). Parameters are
/// float32; without column scales or low rank null and 0.
struct BinaryWeights {
    const void* signs = nullptr;      ///< (rows, cols)
    const float* logRow = nullptr;    ///< (rows)
    const float* logColumn = nullptr; ///< (cols)
    const float* lowRankA = nullptr;  ///< (rows, rank)
    const float* lowRankB = nullptr;  ///< (rank, cols)
    std::int64_t rows = 0, cols = 0, rank = 0;
};
void binaryWeights(const BinaryWeights& weights, void* out, Stream stream);

/// Sums are made in strips, for the caller to add up.
struct GradientStrips {
    std::int64_t ofRows, ofColumns;
};
[[nodiscard]] GradientStrips gradientStrips(std::int64_t rows, std::int64_t cols);

struct BinaryWeightsGradient {
    const void* gradient = nullptr; ///< of the weights, (rows, cols)
    const void* weights = nullptr;  ///< what binaryWeights() made
    void* signGradient = nullptr;   ///< (rows, cols), or null
    float* rowSums = nullptr;       ///< (strips.ofColumns, rows): of logRow
    float* columnSums = nullptr;    ///< (strips.ofRows, cols): of logColumn, or null
};
void binaryWeightsGradient(const BinaryWeights& weights, const BinaryWeightsGradient& gradient,
                           Stream stream);

struct DecodeShape {
    std::int64_t texts = 0;
    std::int64_t length = 0; ///< positions that a cache has place for
    std::int64_t heads = 0, kvHeads = 0, headDim = 0;
    const std::int64_t* position = nullptr; ///< of the newest token, on the device
};
/// attendNewest() is built for such heads.
[[nodiscard]] bool canAttend(const DecodeShape& shape);
/// Attention of the newest token of each text: qkv (texts, (heads + 2 kvHeads) headDim) -> out
/// (texts, heads headDim). Its key and value go into the caches (texts, kvHeads, length, headDim);
/// cos and sin (length, headDim / 2).
void attendNewest(const DecodeShape& shape, const void* qkv, const void* cos, const void* sin,
                  void* keys, void* values, void* out, Stream stream);
/// One token a row of logits (rows, cols) at temperature 1, by a number 0 <= u < 1 a row, float32.
void drawTokens(const void* logits, const float* random, std::int64_t* tokens, std::int64_t rows,
                std::int64_t cols, Stream stream);

struct LatentStep {
    float* value = nullptr;
    float* first = nullptr;
    float* second = nullptr;
    void* gradient = nullptr;     ///< bfloat16; 0 afterwards
    void* signs = nullptr;        ///< bfloat16; follow the new values
    const float* rates = nullptr; ///< on the device: {rate, 1 / (1 - beta1^n), 1 / (1 - beta2^n)}
    std::int64_t size = 0;        ///< a multiple of 4
    float beta1 = 0.9F, beta2 = 0.95F, epsilon = 1e-8F, bound = 1.5F;
};
/// One step of Adam on latent signs (latent_signs.h).
void stepLatents(const LatentStep& step, Stream stream);

} // namespace bwla::gpu
