// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/cpu/host_weights.h"

#include "kernels/contract.h"
#include "kernels/cpu/sign_layout.h"

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <span>

namespace bwla {
namespace {

template<class T>
AlignedVector<std::byte> paddedRows(const std::vector<T>& values, std::int64_t rows,
                                    std::int64_t cols) {
    const std::int64_t stride = paddedCols(cols);
    AlignedVector<std::byte> padded(static_cast<std::size_t>(rows * stride) * sizeof(T));
    for (std::int64_t i = 0; i < rows; ++i)
        std::memcpy(padded.data() + static_cast<std::size_t>(i * stride) * sizeof(T),
                    values.data() + i * cols, static_cast<std::size_t>(cols) * sizeof(T));
    return padded;
}

std::int64_t elementBytes(WeightKind kind) {
    switch (kind) {
    case WeightKind::f16:
        return 2;
    case WeightKind::rowInt8:
        return 1;
    default:
        return 4;
    }
}

/// [rows][rank] to tiles of 16 rows, [rank][16] each.
AlignedVector<std::int8_t> tiledLowRank(const HostLinear& linear) {
    const std::int64_t rank = linear.rank;
    AlignedVector<std::int8_t> tiled(
        static_cast<std::size_t>(roundUp(linear.rows, lowRankTile) * rank));
    for (std::int64_t i = 0; i < linear.rows; ++i)
        for (std::int64_t k = 0; k < rank; ++k)
            tiled[static_cast<std::size_t>((i / lowRankTile * rank + k) * lowRankTile +
                                           i % lowRankTile)] =
                linear.lowRankA[static_cast<std::size_t>(i * rank + k)];
    return tiled;
}

template<class T>
AlignedVector<T> alignedCopy(const std::vector<T>& values) {
    return {values.begin(), values.end()};
}

/// One value a row, padded so that kernels may read whole tiles.
template<class Values>
auto paddedCopy(const Values& values) {
    AlignedVector<typename Values::value_type> padded(values.begin(), values.end());
    padded.resize(
        static_cast<std::size_t>(roundUp(static_cast<std::int64_t>(values.size()), lowRankTile)));
    return padded;
}

AlignedVector<std::byte> packedValues(const HostLinear& linear, Layout binaryLayout) {
    switch (linear.kind) {
    case WeightKind::f32:
        return paddedRows(linear.f32, linear.rows, linear.cols);
    case WeightKind::f16:
        return paddedRows(linear.f16, linear.rows, linear.cols);
    case WeightKind::rowInt8:
        return paddedRows(linear.int8, linear.rows, linear.cols);
    default:
        return packSigns(linear, binaryLayout);
    }
}

/// Copies arrays behind each other into one piece of weight memory, each at kernelAlignment.
class PieceWriter {
public:
    PieceWriter(WeightMemory& memory, std::initializer_list<std::span<const std::byte>> arrays) {
        for (const auto array : arrays) {
            offsets_.push_back(array.empty() ? absent : size_);
            size_ += roundUp(static_cast<std::int64_t>(array.size()), kernelAlignment);
        }
        piece_ = memory.take(static_cast<std::size_t>(size_));
        auto offset = offsets_.begin();
        for (const auto array : arrays)
            if (const std::int64_t at = *offset++; at != absent)
                std::ranges::copy(array, piece_.data + at);
    }
    /// The next array in order; null where it is empty.
    template<class T>
    [[nodiscard]] const T* next() {
        const std::int64_t at = offsets_[next_++];
        return at == absent ? nullptr : reinterpret_cast<const T*>(piece_.data + at);
    }
    [[nodiscard]] std::shared_ptr<void> slab() const { return piece_.slab; }
    [[nodiscard]] std::int64_t bytes() const { return size_; }

private:
    static constexpr std::int64_t absent = -1;
    std::vector<std::int64_t> offsets_;
    std::int64_t size_ = 0;
    std::size_t next_ = 0;
    WeightMemory::Piece piece_;
};

} // namespace

HostWeights::HostWeights(const HostLinear& linear, Layout binaryLayout, WeightMemory& memory) {
    contract::checkHost(linear);
    const bool binary = linear.kind == WeightKind::binary;
    packed_.kind = linear.kind;
    packed_.layout = binary ? binaryLayout : Layout::rowMajor;
    packed_.rows = linear.rows;
    packed_.cols = linear.cols;
    packed_.stride = binary ? HostLinear::wordsPerRow(linear.cols) : paddedCols(linear.cols);
    packed_.rank = linear.rank;
    const auto weights = packedValues(linear, binaryLayout);
    const auto scale = paddedCopy(linear.scale);
    const auto mean = paddedCopy(linear.mean);
    const auto signSum = paddedCopy(binary ? signSums(linear) : AlignedVector<std::int32_t>());
    const auto lowRankA = tiledLowRank(linear);
    const auto lowRankAScale = paddedCopy(linear.lowRankAScale);
    PieceWriter writer(memory, {std::as_bytes(std::span(weights)), std::as_bytes(std::span(scale)),
                                std::as_bytes(std::span(mean)), std::as_bytes(std::span(signSum)),
                                std::as_bytes(std::span(lowRankA)),
                                std::as_bytes(std::span(lowRankAScale))});
    packed_.weights = writer.next<std::byte>();
    packed_.scale = writer.next<float>();
    packed_.mean = writer.next<float>();
    packed_.signSum = writer.next<std::int32_t>();
    packed_.lowRankA = writer.next<std::int8_t>();
    packed_.lowRankAScale = writer.next<float>();
    slab_ = writer.slab();
    bytes_ = writer.bytes();
}

const void* HostWeights::row(std::int64_t index) const {
    return static_cast<const std::byte*>(packed_.weights) +
           index * packed_.stride * elementBytes(packed_.kind);
}

HostInputs::HostInputs(const HostInput& input)
    : cols_(input.cols), factor1_(input.factor1), factor2_(input.factor1 == 0 ? 0 : input.factor2),
      rank_(input.rank), clipLow_(input.clipLow), clipHigh_(input.clipHigh),
      r1_(alignedCopy(input.r1)), r2_(alignedCopy(input.r2)),
      columnScale_(alignedCopy(input.columnScale)),
      lowRankBScale_(alignedCopy(input.lowRankBScale)),
      lowRankB_(static_cast<std::size_t>(input.rank * paddedCols(input.cols))),
      lowRankBSum_(static_cast<std::size_t>(input.rank)) {
    contract::checkHost(input);
    for (std::int64_t k = 0; k < rank_; ++k)
        for (std::int64_t j = 0; j < cols_; ++j) {
            const std::int8_t value = input.lowRankB[static_cast<std::size_t>(k * cols_ + j)];
            lowRankB_[static_cast<std::size_t>(k * stride() + j)] = value;
            lowRankBSum_[static_cast<std::size_t>(k)] += value;
        }
}

std::int64_t HostInputs::bytes() const {
    return static_cast<std::int64_t>(4 * (r1_.size() + r2_.size() + columnScale_.size() +
                                          lowRankBScale_.size() + lowRankBSum_.size()) +
                                     lowRankB_.size());
}

HostKvCache::HostKvCache(const KvShape& shape, WeightKind type) : shape_(shape), type_(type) {
    contract::checkCacheShape(shape);
    const auto size = static_cast<std::size_t>(offset(shape.layers, 0, 0));
    keys_.resize(size);
    values_.resize(size);
}

std::int64_t HostKvCache::bytes() const {
    return static_cast<std::int64_t>(keys_.size() + values_.size());
}

std::int64_t HostKvCache::offset(std::int64_t layer, std::int64_t head,
                                 std::int64_t position) const {
    const std::int64_t scaleBytes = type_ == WeightKind::rowInt8 ? sizeof(float) : 0;
    return ((layer * shape_.kvHeads + head) * shape_.capacity + position) *
           (shape_.headDim * elementBytes(type_) + scaleBytes);
}

std::byte* HostKvCache::keys(std::int64_t layer, std::int64_t head, std::int64_t position) {
    return keys_.data() + offset(layer, head, position);
}

std::byte* HostKvCache::values(std::int64_t layer, std::int64_t head, std::int64_t position) {
    return values_.data() + offset(layer, head, position);
}

} // namespace bwla
