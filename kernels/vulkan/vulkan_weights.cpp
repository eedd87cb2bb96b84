// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/vulkan/vulkan_weights.h"

#include "kernels/aligned.h"
#include "kernels/contract.h"
#include "kernels/cpu/sign_layout.h"
#include "kernels/half.h"
#include "kernels/operands.h"
#include "kernels/vulkan/command_writer.h"

#include <algorithm>
#include <cstring>

namespace bwla::vulkan {
namespace {

constexpr std::int64_t quadBytes = 16;

/// Arrays behind each other in one piece, each at a multiple of 16 bytes.
class PieceWriter {
public:
    template<class T>
    std::int64_t add(std::span<const T> values) {
        const auto offset = static_cast<std::int64_t>(bytes_.size());
        const auto bytes = std::as_bytes(values);
        bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
        bytes_.resize(
            static_cast<std::size_t>(roundUp(static_cast<std::int64_t>(bytes_.size()), quadBytes)));
        return offset;
    }
    [[nodiscard]] Piece finish(DeviceMemory& memory) const {
        const Piece piece = memory.take(static_cast<std::int64_t>(bytes_.size()));
        memory.write(piece, bytes_);
        return piece;
    }
    [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(bytes_.size()); }

private:
    std::vector<std::byte> bytes_;
};

/// The bytes of a weight's rows as the host keeps them.
struct HostRows {
    AlignedVector<std::byte> clean; ///< signs with their pad bits cleared
    const std::byte* data = nullptr;
    std::int64_t rowBytes = 0;
};

std::int64_t rowBytesOf(WeightKind kind, std::int64_t cols) {
    switch (kind) {
    case WeightKind::f32:
        return cols * 4;
    case WeightKind::f16:
        return cols * 2;
    case WeightKind::rowInt8:
        return cols;
    default:
        return HostLinear::wordsPerRow(cols) * 4;
    }
}

HostRows rowsOf(const HostLinear& linear) {
    HostRows rows{{}, nullptr, rowBytesOf(linear.kind, linear.cols)};
    const auto view = [&](const auto& values) {
        rows.data = std::as_bytes(std::span(values)).data();
    };
    switch (linear.kind) {
    case WeightKind::f32:
        view(linear.f32);
        break;
    case WeightKind::f16:
        view(linear.f16);
        break;
    case WeightKind::rowInt8:
        view(linear.int8);
        break;
    default:
        rows.clean = packSigns(linear, Layout::rowMajor);
        rows.data = rows.clean.data();
    }
    return rows;
}

/// [rows][rank] to rows of whole words.
std::vector<std::int8_t> wordRows(const HostLinear& linear) {
    const std::int64_t stride = roundUp(linear.rank, 4);
    std::vector<std::int8_t> padded(static_cast<std::size_t>(linear.rows * stride));
    for (std::int64_t i = 0; i < linear.rows; ++i)
        std::copy_n(linear.lowRankA.begin() + i * linear.rank, linear.rank,
                    padded.begin() + i * stride);
    return padded;
}

std::vector<std::int8_t> signOrder(const HostInput& input) {
    const std::int64_t stride = activationStride(input.cols);
    std::vector<std::int8_t> ordered(static_cast<std::size_t>(input.rank * stride));
    for (std::int64_t k = 0; k < input.rank; ++k)
        for (std::int64_t i = 0; i < stride; ++i)
            if (const std::int64_t j = signOrderColumn(i / 4, i % 4); j < input.cols)
                ordered[static_cast<std::size_t>(k * stride + i)] =
                    input.lowRankB[static_cast<std::size_t>(k * input.cols + j)];
    return ordered;
}

/// Scales, then sums of B over the columns, as words.
std::vector<std::uint32_t> projectionTerms(const HostInput& input) {
    std::vector<std::uint32_t> words;
    for (const float scale : input.lowRankBScale)
        words.push_back(std::bit_cast<std::uint32_t>(scale));
    for (std::int64_t k = 0; k < input.rank; ++k) {
        std::int32_t sum = 0;
        for (std::int64_t j = 0; j < input.cols; ++j)
            sum += input.lowRankB[static_cast<std::size_t>(k * input.cols + j)];
        words.push_back(static_cast<std::uint32_t>(sum));
    }
    return words;
}

/// values as halves, then the halves of what is left (shaders/two_halves.glsl).
std::vector<std::uint16_t> twoHalves(const std::vector<float>& values) {
    std::vector<std::uint16_t> halves;
    for (const float value : values)
        halves.push_back(floatToHalf(value));
    for (std::size_t i = 0; i < values.size(); ++i)
        halves.push_back(floatToHalf(values[i] - halfToFloat(halves[i])));
    return halves;
}

} // namespace

DeviceWeights::DeviceWeights(const HostLinear& linear, Machine& machine)
    : kind_(linear.kind), rows_(linear.rows), cols_(linear.cols), rank_(linear.rank) {
    contract::checkHost(linear);
    uploadWeights(linear, machine.memory);
    AlignedVector<std::int32_t> sums;
    if (kind_ == WeightKind::binary)
        sums = signSums(linear);
    uploadExtras(linear, sums, machine.memory);
}

DeviceWeights::DeviceWeights(const SynthLinear& what, Machine& machine)
    : kind_(what.kind), rows_(what.rows), cols_(what.cols), rank_(what.rank) {
    contract::require(rows_ > 0 && cols_ > 0 && kind_ != WeightKind::f32, "synthesize",
                      "makes f16, int8 and signs of at least one row and column");
    takeParts(rowBytesOf(kind_, cols_), machine.memory);
    HostLinear extras; // all but the weights themselves
    if (kind_ != WeightKind::f16)
        extras.scale.assign(static_cast<std::size_t>(rows_), synthScale(kind_, cols_));
    if (rank_ > 0) {
        extras.lowRankA = randomInt8(rows_ * rank_, what.seed);
        extras.lowRankAScale.assign(static_cast<std::size_t>(rank_), 1e-5F);
    }
    extras.rows = rows_;
    extras.rank = rank_;
    uploadExtras(extras,
                 std::vector<std::int32_t>(
                     static_cast<std::size_t>(kind_ == WeightKind::binary ? rows_ : 0)),
                 machine.memory);
    fillWeights(what.seed, machine);
}

void DeviceWeights::takeParts(std::int64_t rowBytes, DeviceMemory& memory) {
    rowQuads_ = roundUp(rowBytes, quadBytes) / quadBytes;
    const std::int64_t stride = rowQuads_ * quadBytes;
    const std::int64_t most = std::max<std::int64_t>(memory.largestPiece() / stride, 1);
    for (std::int64_t first = 0; first < rows_; first += most) {
        const std::int64_t rows = std::min(most, rows_ - first);
        parts_.push_back({first, rows, memory.take(rows * stride)});
        bytes_ += rows * stride;
    }
}

void DeviceWeights::fillWeights(std::uint32_t seed, Machine& machine) {
    struct Push {
        Address to, signSum;
        std::uint32_t rows, rowQuads, cols, seed;
    };
    const std::uint32_t kind = kind_ == WeightKind::binary ? 0 : kind_ == WeightKind::f16 ? 1 : 2;
    CommandWriter writer(machine, 0);
    writer.bind("fill", 256, {0, kind});
    for (const WeightPart& part : parts_) {
        const auto rows = static_cast<std::uint32_t>(part.rows);
        const auto quads = static_cast<std::uint32_t>(rowQuads_);
        writer.push(Push{part.weights.address(), signSum(part.firstRow), rows, quads,
                         static_cast<std::uint32_t>(cols_),
                         seed + static_cast<std::uint32_t>(part.firstRow)});
        writer.dispatch((quads + 255) / 256, std::min<std::uint32_t>(rows, 16384));
    }
    for (VkCommandBuffer commands : writer.finish()) {
        machine.device->run(commands, "making random weights");
        machine.device->freeCommands(commands);
    }
}

void DeviceWeights::uploadWeights(const HostLinear& linear, DeviceMemory& memory) {
    const HostRows host = rowsOf(linear);
    takeParts(host.rowBytes, memory);
    const std::int64_t stride = rowQuads_ * quadBytes;
    // Rows are padded in portions, so that the host never holds a second copy of a large weight.
    const std::int64_t portion = std::max<std::int64_t>((std::int64_t{4} << 20) / stride, 1);
    std::vector<std::byte> padded;
    for (const WeightPart& part : parts_)
        for (std::int64_t row = 0; row < part.rows; row += portion) {
            const std::int64_t count = std::min(portion, part.rows - row);
            padded.assign(static_cast<std::size_t>(count * stride), std::byte{});
            for (std::int64_t i = 0; i < count; ++i)
                std::memcpy(padded.data() + i * stride,
                            host.data + (part.firstRow + row + i) * host.rowBytes,
                            static_cast<std::size_t>(host.rowBytes));
            memory.write(part.weights, padded, row * stride);
        }
}

void DeviceWeights::uploadExtras(const HostLinear& linear, std::span<const std::int32_t> rowSums,
                                 DeviceMemory& memory) {
    PieceWriter writer;
    if (!linear.scale.empty())
        scale_ = writer.add(std::span(linear.scale));
    if (!linear.mean.empty())
        mean_ = writer.add(std::span(linear.mean));
    if (!rowSums.empty())
        signSum_ = writer.add(rowSums);
    if (rank_ > 0) {
        const auto rows = wordRows(linear);
        lowRankA_ = writer.add(std::span(rows));
        lowRankAScale_ = writer.add(std::span(linear.lowRankAScale));
    }
    if (writer.size() > 0)
        extras_ = writer.finish(memory);
    bytes_ += writer.size();
}

DeviceInputs::DeviceInputs(const HostInput& input, Machine& machine)
    : cols_(input.cols), factor1_(input.factor1), factor2_(input.factor1 == 0 ? 0 : input.factor2),
      rank_(input.rank), clipLow_(input.clipLow), clipHigh_(input.clipHigh) {
    contract::checkHost(input);
    PieceWriter writer;
    if (factor1_ > 0) {
        r1_ = writer.add(std::span(input.r1));
        r2_ = writer.add(std::span(input.r2));
        if (machine.device->capabilities().matrixHalves && factor1_ % 32 == 0 &&
            factor2_ % 16 == 0) {
            const auto left = twoHalves(input.r1);
            const auto right = twoHalves(input.r2);
            r1Halves_ = writer.add(std::span(left));
            r2Halves_ = writer.add(std::span(right));
        }
    }
    if (!input.columnScale.empty())
        columnScale_ = writer.add(std::span(input.columnScale));
    if (rank_ > 0) {
        const auto ordered = signOrder(input);
        const auto terms = projectionTerms(input);
        lowRankB_ = writer.add(std::span(ordered));
        lowRankBs_ = writer.add(std::span(terms));
    }
    if (writer.size() > 0)
        data_ = writer.finish(machine.memory);
    bytes_ = writer.size();
}

DeviceCache::DeviceCache(const KvShape& shape, Machine& machine)
    : shape_(shape), type_(machine.cacheType), device_(machine.device) {
    contract::checkCacheShape(shape);
    const std::int64_t rows = shape.kvHeads * shape.capacity;
    const std::int64_t size = type_ == WeightKind::rowInt8
                                  ? rows * (shape.headDim + 4) // scales behind the bytes
                                  : rows * shape.headDim * (type_ == WeightKind::f32 ? 4 : 2);
    std::vector<Address> addresses;
    for (std::int64_t i = 0; i < 2 * shape.layers; ++i) {
        pieces_.push_back(machine.memory.take(size));
        addresses.push_back(pieces_.back().address());
        bytes_ += size;
    }
    const auto table = std::as_bytes(std::span(addresses));
    table_ = machine.memory.take(static_cast<std::int64_t>(table.size()));
    machine.memory.write(table_, table);
}

} // namespace bwla::vulkan
