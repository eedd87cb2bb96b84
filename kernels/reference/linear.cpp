// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/half.h"
#include "kernels/reference/reference_kernels.h"

namespace bwla::reference {
namespace {

std::size_t nothingToEncode(std::int64_t, int, int) {
    return 0;
}
void encodeNothing(const Activations&, int, int, std::byte*) {}

/// sums[t][i - begin] = dot(row i of the weight, token t).
template<class Stored, class Value>
void denseSums(const PackedLinear& weight, const Activations& x, std::int64_t begin,
               std::int64_t end, float* sums, std::int64_t ld, Value&& value) {
    const auto* stored = static_cast<const Stored*>(weight.weights);
    for (int t = 0; t < x.rows; ++t)
        for (std::int64_t i = begin; i < end; ++i) {
            const Stored* row = stored + i * weight.stride;
            const float* token = x.x + t * x.stride;
            sums[t * ld + i - begin] = interleavedSum(
                weight.cols, [&](std::int64_t j) { return value(row[j]) * token[j]; });
        }
}

void sumsF32(const PackedLinear& weight, const Activations& x, const std::byte*, std::int64_t begin,
             std::int64_t end, void* sums, std::int64_t ld) {
    denseSums<float>(weight, x, begin, end, static_cast<float*>(sums), ld,
                     [](float stored) { return stored; });
}

void sumsF16(const PackedLinear& weight, const Activations& x, const std::byte*, std::int64_t begin,
             std::int64_t end, void* sums, std::int64_t ld) {
    denseSums<std::uint16_t>(weight, x, begin, end, static_cast<float*>(sums), ld,
                             [](std::uint16_t stored) { return halfToFloat(stored); });
}

void sumsInt8(const PackedLinear& weight, const Activations& x, const std::byte*,
              std::int64_t begin, std::int64_t end, void* sums, std::int64_t ld) {
    denseSums<std::int8_t>(weight, x, begin, end, static_cast<float*>(sums), ld,
                           [](std::int8_t stored) { return static_cast<float>(stored); });
}

bool isPlus(const std::uint32_t* words, std::int64_t column) {
    return (words[column / 32] >> (column % 32) & 1U) != 0;
}

void sumsBinaryFloat(const PackedLinear& weight, const Activations& x, const std::byte*,
                     std::int64_t begin, std::int64_t end, void* sums, std::int64_t ld) {
    const auto* signs = static_cast<const std::uint32_t*>(weight.weights);
    for (int t = 0; t < x.rows; ++t)
        for (std::int64_t i = begin; i < end; ++i) {
            const std::uint32_t* row = signs + i * weight.stride;
            const float* token = x.x + t * x.stride;
            static_cast<float*>(sums)[t * ld + i - begin] = interleavedSum(
                weight.cols, [&](std::int64_t j) { return isPlus(row, j) ? token[j] : -token[j]; });
        }
}

void sumsBinaryQuantized(const PackedLinear& weight, const Activations& x, const std::byte*,
                         std::int64_t begin, std::int64_t end, void* sums, std::int64_t ld) {
    const auto* signs = static_cast<const std::uint32_t*>(weight.weights);
    for (int t = 0; t < x.rows; ++t)
        for (std::int64_t i = begin; i < end; ++i) {
            const std::uint32_t* row = signs + i * weight.stride;
            const std::uint8_t* token = x.q + t * x.stride;
            std::int32_t sum = 0;
            for (std::int64_t j = 0; j < weight.cols; ++j)
                sum += isPlus(row, j) ? token[j] : 0;
            static_cast<std::int32_t*>(sums)[t * ld + i - begin] = sum;
        }
}

/// first(i, t) + mean_i * sum(x'') + sum_k A_ik t_k for every output.
template<class First>
void finish(const PackedLinear& weight, const Activations& x, const Outputs& outputs,
            First&& first) {
    for (int t = 0; t < x.rows; ++t)
        for (std::int64_t i = outputs.begin; i < outputs.end; ++i) {
            float value = first(i, t);
            if (weight.mean != nullptr)
                value += weight.mean[i] * x.sum[t];
            const std::int8_t* a =
                weight.lowRankA + i / lowRankTile * lowRankTile * weight.rank + i % lowRankTile;
            for (std::int64_t k = 0; k < weight.rank; ++k)
                value += static_cast<float>(a[k * lowRankTile]) *
                         (weight.lowRankAScale[k] * x.lowRank[t * x.rank + k]);
            float& out = outputs.out[t * outputs.stride + i - outputs.begin];
            out = outputs.accumulate ? out + value : value;
        }
}

} // namespace

const LinearKernel linearF32 = {Layout::rowMajor, nothingToEncode, encodeNothing, sumsF32};
const LinearKernel linearF16 = {Layout::rowMajor, nothingToEncode, encodeNothing, sumsF16};
const LinearKernel linearRowInt8 = {Layout::rowMajor, nothingToEncode, encodeNothing, sumsInt8};
const LinearKernel linearBinaryFloat = {Layout::rowMajor, nothingToEncode, encodeNothing,
                                        sumsBinaryFloat};
const LinearKernel linearBinaryQuantized = {Layout::rowMajor, nothingToEncode, encodeNothing,
                                            sumsBinaryQuantized};

void finishFloat(const PackedLinear& weight, const Activations& x, const float* sums,
                 const Outputs& outputs) {
    finish(weight, x, outputs, [&](std::int64_t i, int t) {
        const float scale = weight.scale != nullptr ? weight.scale[i] : 1.0F;
        return scale * sums[t * outputs.ld + i - outputs.begin];
    });
}

void finishQuantized(const PackedLinear& weight, const Activations& x, const std::int32_t* sums,
                     const Outputs& outputs) {
    finish(weight, x, outputs, [&](std::int64_t i, int t) {
        const std::int32_t u = 2 * sums[t * outputs.ld + i - outputs.begin] - x.sumQ[t] -
                               x.zero[t] * weight.signSum[i];
        return weight.scale[i] * (x.scale[t] * static_cast<float>(u));
    });
}

} // namespace bwla::reference
