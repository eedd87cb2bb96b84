// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the host backend keeps of uploaded weights, inputs and sessions.
#pragma once

#include "kernels/aligned.h"
#include "kernels/backend.h"
#include "kernels/cpu/weight_memory.h"
#include "kernels/kernel_types.h"

namespace bwla {

/// An uploaded HostLinear in the layout of the backend's kernels. Throws KernelError{badShape}
/// where the host arrays do not fit rows, cols and rank.
class HostWeights final : public Linear {
public:
    HostWeights(const HostLinear& linear, Layout binaryLayout, WeightMemory& memory);

    [[nodiscard]] WeightKind kind() const override { return packed_.kind; }
    [[nodiscard]] std::int64_t rows() const override { return packed_.rows; }
    [[nodiscard]] std::int64_t cols() const override { return packed_.cols; }
    [[nodiscard]] std::int64_t bytes() const override { return bytes_; }

    [[nodiscard]] const PackedLinear& packed() const { return packed_; }
    /// Row `index` as it is stored; kinds f32, f16 and rowInt8.
    [[nodiscard]] const void* row(std::int64_t index) const;

private:
    PackedLinear packed_;
    std::shared_ptr<void> slab_; ///< what packed_ points into
    std::int64_t bytes_ = 0;
};

/// An uploaded HostInput. Throws KernelError{badShape}.
class HostInputs final : public Input {
public:
    explicit HostInputs(const HostInput& input);

    [[nodiscard]] std::int64_t cols() const override { return cols_; }
    [[nodiscard]] std::int64_t rank() const override { return rank_; }
    [[nodiscard]] std::int64_t bytes() const override;

    [[nodiscard]] Rotation rotation() const { return {factor1_, factor2_, r1_.data(), r2_.data()}; }
    [[nodiscard]] std::span<const float> columnScale() const { return columnScale_; }
    [[nodiscard]] QuantizerSpec quantizer(int bits) const { return {bits, clipLow_, clipHigh_}; }
    [[nodiscard]] std::int64_t stride() const { return paddedCols(cols_); }
    [[nodiscard]] const std::int8_t* lowRankB() const { return lowRankB_.data(); }
    [[nodiscard]] std::span<const float> lowRankBScale() const { return lowRankBScale_; }
    [[nodiscard]] std::span<const std::int32_t> lowRankBSum() const { return lowRankBSum_; }

private:
    std::int64_t cols_, factor1_, factor2_, rank_;
    float clipLow_, clipHigh_;
    AlignedVector<float> r1_, r2_, columnScale_, lowRankBScale_;
    AlignedVector<std::int8_t> lowRankB_;     ///< rank rows of stride() bytes, pads zero
    AlignedVector<std::int32_t> lowRankBSum_; ///< sum over the columns, [rank]
};

/// Keys and values, [layer][kvHead][position][headDim] each. In 8 bits every row of headDim bytes is
/// followed by its scale, a float32 (not aligned).
class HostKvCache final : public KvCache {
public:
    /// type: f32, f16 or rowInt8.
    HostKvCache(const KvShape& shape, WeightKind type);

    [[nodiscard]] std::int64_t capacity() const override { return shape_.capacity; }
    [[nodiscard]] std::int64_t bytes() const override;

    [[nodiscard]] const KvShape& shape() const { return shape_; }
    [[nodiscard]] WeightKind type() const { return type_; }
    [[nodiscard]] std::byte* keys(std::int64_t layer, std::int64_t head, std::int64_t position = 0);
    [[nodiscard]] std::byte* values(std::int64_t layer, std::int64_t head,
                                    std::int64_t position = 0);

private:
    [[nodiscard]] std::int64_t offset(std::int64_t layer, std::int64_t head,
                                      std::int64_t position) const;
    KvShape shape_;
    WeightKind type_;
    AlignedVector<std::byte> keys_, values_;
};

} // namespace bwla
