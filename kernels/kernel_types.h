// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the small kernels of the processor backends read and write. A kernel is a plain function on
// one thread; threads, buffers and checks are the host backend's business (cpu/host_backend.h).
// Every array starts at kernelAlignment and is padded as said here (aligned.h).
#pragma once

#include "kernels/host_linear.h"

#include <cstddef>
#include <cstdint>

namespace bwla {

/// Order of uploaded weights. Tiles are completed with rows of 0 bits.
enum class Layout : std::uint8_t {
    rowMajor, ///< rows of `stride` elements (binary: 32-bit words), pads zero
    words64,  ///< binary: tiles of 64 rows; word w of the 64 rows, then word w + 1
    bytes32, ///< binary: tiles of 32 rows; byte j (columns 8j .. 8j + 7) of the 32 rows, then j + 1
};

/// Rows per tile of lowRankA, see PackedLinear.
inline constexpr std::int64_t lowRankTile = 16;

/// One uploaded HostLinear.
struct PackedLinear {
    WeightKind kind = WeightKind::f32;
    Layout layout = Layout::rowMajor;
    std::int64_t rows = 0;
    std::int64_t cols = 0;
    std::int64_t stride = 0;       ///< elements (binary: words) from row to row, pads included
    const void* weights = nullptr; ///< float, half bits, int8 or uint32 by kind
    const float* scale = nullptr;  ///< [rows] or null = ones
    const float* mean = nullptr;   ///< [rows] or null = none
    const std::int32_t* signSum = nullptr; ///< binary: sum of S_ij over the true columns, [rows]
    std::int64_t rank = 0;
    const std::int8_t* lowRankA = nullptr; ///< [ceil(rows / 16)][rank][16], pads zero
    const float* lowRankAScale = nullptr;  ///< [rank]
};

/// The prepared input of a group, `rows` tokens.
struct Activations {
    int rows = 0;
    int bits = 16;
    std::int64_t cols = 0;
    std::int64_t stride = 0;         ///< elements from row to row of x and q; pads are 0
    const float* x = nullptr;        ///< x'' (dequantized where bits < 16); null if nobody reads it
    const std::uint8_t* q = nullptr; ///< bits < 16 only
    const float* scale = nullptr;    ///< s, [rows], bits < 16 only
    const std::int32_t* zero = nullptr; ///< z, [rows], bits < 16 only
    const std::int32_t* sumQ = nullptr; ///< sum of q, [rows], bits < 16 only
    const float* sum = nullptr;         ///< sum of x'' as consumers read it, [rows]
    std::int64_t rank = 0;
    const float* lowRank = nullptr; ///< t, rows x rank
};

/// out[j] = x[j] * gain[j] / sqrt(mean(x^2) + epsilon).
struct NormalizeKernel {
    void (*run)(const float* x, const float* gain, float epsilon, std::int64_t cols, float* out);
};

/// R1 and R2 of HostInput, row-major.
struct Rotation {
    std::int64_t factor1 = 0;
    std::int64_t factor2 = 0;
    const float* r1 = nullptr;
    const float* r2 = nullptr;
};

/// out = vec(R1' X R2); scratch holds factor1 * factor2 floats; x, scratch and out are distinct.
struct RotateKernel {
    void (*run)(const Rotation& rotation, const float* x, float* scratch, float* out);
};

struct QuantizerSpec {
    int bits = 6; ///< 2..8
    float clipLow = 1.0F;
    float clipHigh = 1.0F;
};

struct QuantizedRow {
    float scale = 1.0F;
    std::int32_t zero = 0;
    std::int32_t sumQ = 0;
};

/// The activation quantizer of HostInput; writes q[0 .. paddedCols(cols)), pads 0. NaN becomes
/// level 0; a scale that is not finite is kept, so that the row's products are NaN instead of
/// silently wrong.
struct QuantizeKernel {
    QuantizedRow (*run)(const float* x, std::int64_t cols, const QuantizerSpec& spec,
                        std::uint8_t* q);
};

/// out[k] = sum_j b[k * stride + j] * q[j], exact in int32; b and q are padded with zeros.
struct ProjectQuantizedKernel {
    void (*run)(const std::int8_t* b, std::int64_t rank, std::int64_t stride, const std::uint8_t* q,
                std::int32_t* out);
};

/// out[k] = sum_j b[k * stride + j] * x[j].
struct ProjectFloatKernel {
    void (*run)(const std::int8_t* b, std::int64_t rank, std::int64_t stride, const float* x,
                float* out);
};

/// Raw products of weight rows [begin, end) with every token of `x`, before scale, mean and low
/// rank. Quantized kernels write int32 sums of q over the set bits, exact; float kernels write
/// sum_j W_ij x''_j (binary: sum_j S_ij x''_j; rowInt8: without the row's scale).
/// sums[t * ld + (i - begin)]. begin is a multiple of 64; pads up to the next multiple of 64 past
/// `end` may be written, so ld >= roundUp(end - begin, 64).
struct LinearKernel {
    Layout layout = Layout::rowMajor;
    /// Bytes `encode` writes for a batch; 0 = the kernel reads Activations as they are.
    std::size_t (*encodedBytes)(std::int64_t cols, int bits, int rows);
    /// Tokens [rowBegin, rowEnd) into the kernel's own order; the buffer starts at the batch's
    /// token 0. rowBegin is a multiple of encodeGrain.
    void (*encode)(const Activations& x, int rowBegin, int rowEnd, std::byte* encoded);
    void (*sums)(const PackedLinear& weight, const Activations& x, const std::byte* encoded,
                 std::int64_t begin, std::int64_t end, void* sums, std::int64_t ld);
};
inline constexpr int encodeGrain = 16;
inline constexpr std::int64_t rowGrain = 64;

/// Raw sums of weight rows [begin, end) and all tokens, as LinearKernel wrote them, and where they
/// go.
struct Outputs {
    std::int64_t begin = 0; ///< a multiple of rowGrain
    std::int64_t end = 0;
    std::int64_t ld = 0;     ///< elements of sums from token to token
    float* out = nullptr;    ///< row `begin` of token 0
    std::int64_t stride = 0; ///< floats of out from token to token
    bool accumulate = false; ///< add to out instead of replacing it
};

/// Scale, mean, low rank and residual:
/// out_i = (or +=) scale_i * sum_i + mean_i * x.sum + sum_k A_ik t_k.
struct FinishFloatKernel {
    void (*run)(const PackedLinear& weight, const Activations& x, const float* sums,
                const Outputs& outputs);
};
/// The same from the integer sums: u_i = 2 * sums_i - sumQ - z * signSum_i is exact, the first
/// term is scale_i * (s * u_i).
struct FinishQuantizedKernel {
    void (*run)(const PackedLinear& weight, const Activations& x, const std::int32_t* sums,
                const Outputs& outputs);
};

/// out = silu(gate) * up, silu(g) = g / (1 + exp(-g)); out may alias either.
struct GateKernel {
    void (*run)(const float* gate, const float* up, std::int64_t count, float* out);
};

/// A float row to the cache's type: f32, f16, or int8 followed by the row's scale, the greatest
/// magnitude over 127 (float32, not aligned).
struct StoreKernel {
    void (*run)(const float* values, std::int64_t count, void* out);
};

/// A stored row of a table to float: out[j] = scale * w_j.
struct WidenKernel {
    void (*run)(const void* values, float scale, std::int64_t count, float* out);
};

/// Causal attention of one key-value head: query heads h = 0 .. group - 1 of tokens
/// [rowBegin, rowEnd); token t sees positions 0 .. position + t. Softmax of q k / sqrt(headDim).
struct AttendJob {
    const float* q = nullptr; ///< token t, head h at q + t * qStride + h * headDim; rotated
    std::int64_t qStride = 0;
    float* out = nullptr; ///< as q
    std::int64_t outStride = 0;
    std::int64_t group = 0;
    std::int64_t headDim = 0;
    const void* keys = nullptr; ///< [positions][headDim] of this head, as StoreKernel wrote them
    const void* values = nullptr;
    std::int64_t position = 0; ///< of token 0
    int rowBegin = 0;
    int rowEnd = 0;
};
struct AttendKernel {
    void (*run)(const AttendJob& job);
};

} // namespace bwla
