// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the Vulkan backend keeps of uploaded weights, inputs and sessions.
#pragma once

#include "kernels/backend.h"
#include "kernels/vulkan/machine.h"

#include <array>
#include <vector>

namespace bwla::vulkan {

/// Columns that a row of activations is padded to: 16 bytes of signs.
inline constexpr std::int64_t activationPadding = 128;
/// 32-bit words in front of the low-rank projection of a prepared row (shaders/common.glsl).
inline constexpr std::int64_t preparedMetaWords = 4;

[[nodiscard]] constexpr std::int64_t activationStride(std::int64_t cols) {
    return (cols + activationPadding - 1) / activationPadding * activationPadding;
}

/// Column that byte `byte` of word `word` stands for in sign order (shaders/prepare.comp).
[[nodiscard]] constexpr std::int64_t signOrderColumn(std::int64_t word, std::int64_t byte) {
    return word / 8 * 32 + word % 8 + 8 * byte;
}

/// Rows of a weight that fit one allocation.
struct WeightPart {
    std::int64_t firstRow = 0;
    std::int64_t rows = 0;
    Piece weights; ///< rows of rowQuads() * 16 bytes
};

class DeviceWeights final : public Linear {
public:
    DeviceWeights(const HostLinear& linear, Machine& machine);
    /// Random weights, made on the device.
    DeviceWeights(const SynthLinear& what, Machine& machine);

    [[nodiscard]] WeightKind kind() const override { return kind_; }
    [[nodiscard]] std::int64_t rows() const override { return rows_; }
    [[nodiscard]] std::int64_t cols() const override { return cols_; }
    [[nodiscard]] std::int64_t bytes() const override { return bytes_; }

    [[nodiscard]] std::span<const WeightPart> parts() const { return parts_; }
    /// 16-byte units of one row of weights.
    [[nodiscard]] std::int64_t rowQuads() const { return rowQuads_; }
    [[nodiscard]] std::int64_t rank() const { return rank_; }
    /// Everything but the weights, behind each other, each part at a multiple of 16 bytes: row
    /// scales, means (where there are), sums of signs, low-rank A, its scales.
    [[nodiscard]] Address extras() const { return at(0, 0); }
    /// Of row `row` on; 0 where the weight has none. lowRankA rows are whole words.
    [[nodiscard]] Address scale(std::int64_t row) const { return at(scale_, row * 4); }
    [[nodiscard]] Address mean(std::int64_t row) const { return at(mean_, row * 4); }
    [[nodiscard]] Address signSum(std::int64_t row) const { return at(signSum_, row * 4); }
    [[nodiscard]] Address lowRankA(std::int64_t row) const {
        return at(lowRankA_, row * ((rank_ + 3) / 4) * 4);
    }
    [[nodiscard]] Address lowRankAScale() const { return at(lowRankAScale_, 0); }

private:
    static constexpr std::int64_t absent = -1;
    [[nodiscard]] Address at(std::int64_t offset, std::int64_t more) const {
        return offset == absent ? 0 : extras_.address() + static_cast<Address>(offset + more);
    }
    /// Rows of rowBytes in as many parts as allocations allow.
    void takeParts(std::int64_t rowBytes, DeviceMemory& memory);
    void uploadWeights(const HostLinear& linear, DeviceMemory& memory);
    void fillWeights(std::uint32_t seed, Machine& machine);
    void uploadExtras(const HostLinear& linear, std::span<const std::int32_t> rowSums,
                      DeviceMemory& memory);

    WeightKind kind_;
    std::int64_t rows_, cols_, rank_;
    std::int64_t rowQuads_ = 0;
    std::int64_t bytes_ = 0;
    std::vector<WeightPart> parts_;
    Piece extras_; ///< everything but the weights
    std::int64_t scale_ = absent, mean_ = absent, signSum_ = absent, lowRankA_ = absent,
                 lowRankAScale_ = absent;
};

class DeviceInputs final : public Input {
public:
    DeviceInputs(const HostInput& input, Machine& machine);

    [[nodiscard]] std::int64_t cols() const override { return cols_; }
    [[nodiscard]] std::int64_t rank() const override { return rank_; }
    [[nodiscard]] std::int64_t bytes() const override { return bytes_; }

    [[nodiscard]] std::int64_t factor1() const { return factor1_; } ///< 0 = no rotation
    [[nodiscard]] std::int64_t factor2() const { return factor2_; }
    [[nodiscard]] bool isIdentity() const {
        return factor1_ == 0 && columnScale_ == absent && rank_ == 0;
    }
    [[nodiscard]] float clipLow() const { return clipLow_; }
    [[nodiscard]] float clipHigh() const { return clipHigh_; }
    [[nodiscard]] Address r1() const { return at(r1_); }
    [[nodiscard]] Address r2() const { return at(r2_); }
    /// The same as halves, row by row, then what is left of them as halves
    /// (shaders/rotate_matrix.comp); 0 = not made: the device has no matrix units, or the factors
    /// are no multiples of theirs.
    [[nodiscard]] Address r1Halves() const { return at(r1Halves_); }
    [[nodiscard]] Address r2Halves() const { return at(r2Halves_); }
    [[nodiscard]] Address columnScale() const { return at(columnScale_); } ///< 0 = ones
    [[nodiscard]] Address lowRankB() const { return at(lowRankB_); }       ///< bytes in sign order
    [[nodiscard]] Address lowRankBs() const { return at(lowRankBs_); } ///< scales, then sums of B

private:
    static constexpr std::int64_t absent = -1;
    [[nodiscard]] Address at(std::int64_t offset) const {
        return offset == absent ? 0 : data_.address() + static_cast<Address>(offset);
    }
    std::int64_t cols_, factor1_, factor2_, rank_;
    float clipLow_, clipHigh_;
    std::int64_t bytes_ = 0;
    Piece data_;
    std::int64_t r1_ = absent, r2_ = absent, r1Halves_ = absent, r2Halves_ = absent,
                 columnScale_ = absent, lowRankB_ = absent, lowRankBs_ = absent;
};

/// Keys and values of a layer, [kvHead][position][headDim] each, and a table of their addresses. In
/// 8 bits their scales follow, [kvHead][position].
class DeviceCache final : public KvCache {
public:
    DeviceCache(const KvShape& shape, Machine& machine);

    [[nodiscard]] std::int64_t capacity() const override { return shape_.capacity; }
    [[nodiscard]] std::int64_t bytes() const override { return bytes_; }

    [[nodiscard]] const KvShape& shape() const { return shape_; }
    [[nodiscard]] const Device* device() const { return device_.get(); }
    [[nodiscard]] WeightKind type() const { return type_; }
    [[nodiscard]] Address layers() const { return table_.address(); }

private:
    KvShape shape_;
    WeightKind type_;
    std::shared_ptr<const Device> device_;
    std::int64_t bytes_ = 0;
    std::vector<Piece> pieces_; ///< keys, values of layer 0, then of layer 1, ..
    Piece table_;
};

} // namespace bwla::vulkan
