// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

namespace bwla {

/// How the weights of one linear layer are stored. A backend accepts every kind.
enum class WeightKind : std::uint8_t {
    f32,     ///< rows x cols IEEE single
    f16,     ///< rows x cols IEEE half
    rowInt8, ///< rows x cols int8 with one scale a row; embeddings and head
    binary,  ///< 1 bit a weight, see "Packed signs"
};

/// One linear layer on the host, in the order of the artifact's file (docs/format.md). A backend
/// that wants another order repacks in Backend::upload, so its layout stays private.
///
/// Packed signs (WeightKind::binary). Row i starts at word i * wordsPerRow(cols). Column j is bit
/// j % 32, least significant first, of word j / 32 of its row; 1 means +1 and 0 means -1. Pad bits
/// (columns cols .. 32 * wordsPerRow - 1) are 0, and no sum may count them: the +-1 sum is
/// 2 * (sum over set bits) - (sum over the `cols` true columns).
///
/// Value. With x'' the prepared input of the group (HostInput), dequantized where it was quantized,
///     y_i = scale_i * sum_j S_ij x''_j + mean_i * sum_j x''_j + sum_k A_ik t_k,
/// S the signs, A = lowRankA * diag(lowRankAScale), t the group's low-rank projection of x''.
/// f32, f16 and rowInt8 weights have neither mean nor low rank: y = W x'', W_ij = scale_i * q_ij
/// for rowInt8.
struct HostLinear {
    WeightKind kind = WeightKind::f32;
    std::int64_t rows = 0; ///< outputs n
    std::int64_t cols = 0; ///< inputs m

    std::vector<float> f32;            ///< rows * cols, kind f32 only
    std::vector<std::uint16_t> f16;    ///< rows * cols half bit patterns, kind f16 only
    std::vector<std::int8_t> int8;     ///< rows * cols, kind rowInt8 only
    std::vector<std::uint32_t> signs;  ///< rows * wordsPerRow(cols), kind binary only
    std::vector<float> scale;          ///< [rows], kinds rowInt8 and binary
    std::vector<float> mean;           ///< [rows] or empty, kind binary
    std::int64_t rank = 0;             ///< k, 0 = no low-rank term, kind binary
    std::vector<std::int8_t> lowRankA; ///< rows * rank, row-major
    std::vector<float> lowRankAScale;  ///< [rank]

    /// 32-bit words that hold one row of signs.
    [[nodiscard]] static constexpr std::int64_t wordsPerRow(std::int64_t cols) {
        return (cols + 31) / 32;
    }
};

/// What all linears of an input group share: the rotation, the column scale, the clip of the
/// activation quantizer and the right low-rank factor. An empty HostInput of `cols` inputs is the
/// identity.
///
/// x'' = columnScale (.) vec(R1' X R2) with X = reshape(x, factor1, factor2) row-major, so that
/// x[i1 * factor2 + i2] = X[i1][i2] (design 2, OKT). R1 and R2 are the stored factors, dequantized.
/// Then, where activations are quantized (design 2, A6; float32, the division as written, rne =
/// round half to even): lo = clipLow * min(x'', 0), hi = clipHigh * max(x'', 0),
/// levels = 2^bits - 1, s = (hi - lo) / levels (1 if hi = lo), z = rne(-lo / s),
/// q = clamp(rne(x'' / s) + z, 0, levels), and consumers read s * (q - z).
/// Low rank: t_k = lowRankBScale_k * sum_j lowRankB_kj x''_j on the dequantized x''. With integers
/// the sum is exact in int32 while 127 * 63 * cols < 2^31, that is cols <= 268,000.
struct HostInput {
    std::int64_t cols = 0;
    std::int64_t factor1 = 0;       ///< rows of R1; 0 = no rotation, else factor1 * factor2 = cols
    std::int64_t factor2 = 0;       ///< rows of R2
    std::vector<float> r1;          ///< factor1 * factor1, row-major
    std::vector<float> r2;          ///< factor2 * factor2, row-major
    std::vector<float> columnScale; ///< b, [cols], or empty = ones
    float clipLow = 1.0F;
    float clipHigh = 1.0F;
    std::int64_t rank = 0;
    std::vector<std::int8_t> lowRankB; ///< rank * cols, row-major; B already divided by b
    std::vector<float> lowRankBScale;  ///< [rank]
};

} // namespace bwla
