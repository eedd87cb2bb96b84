// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernels/cpu/sign_layout.h"

#include <bit>
#include <cstring>

namespace bwla {
namespace {

/// Units (words or bytes) of `tile` consecutive rows side by side.
template<class Unit>
AlignedVector<std::byte> interleave(const AlignedVector<std::uint32_t>& words, std::int64_t rows,
                                    std::int64_t wordsPerRow, std::int64_t tile) {
    const auto unitsPerRow = static_cast<std::size_t>(wordsPerRow) * 4 / sizeof(Unit);
    const auto tileRows = static_cast<std::size_t>(tile);
    AlignedVector<std::byte> packed(static_cast<std::size_t>(roundUp(rows, tile)) * unitsPerRow *
                                    sizeof(Unit));
    const auto* from = reinterpret_cast<const Unit*>(words.data());
    auto* to = reinterpret_cast<Unit*>(packed.data());
    for (std::size_t i = 0; i < static_cast<std::size_t>(rows); ++i)
        for (std::size_t j = 0; j < unitsPerRow; ++j)
            to[(i / tileRows * unitsPerRow + j) * tileRows + i % tileRows] =
                from[i * unitsPerRow + j];
    return packed;
}

/// Pad bits cleared, whatever the caller left in them.
AlignedVector<std::uint32_t> cleanWords(const HostLinear& linear) {
    AlignedVector<std::uint32_t> words(linear.signs.begin(), linear.signs.end());
    const std::int64_t perRow = HostLinear::wordsPerRow(linear.cols);
    if (linear.cols % 32 != 0)
        for (std::int64_t i = 0; i < linear.rows; ++i)
            words[static_cast<std::size_t>((i + 1) * perRow - 1)] &=
                (1U << (linear.cols % 32)) - 1U;
    return words;
}

} // namespace

AlignedVector<std::byte> packSigns(const HostLinear& linear, Layout layout) {
    static_assert(std::endian::native == std::endian::little); // byte j of a word holds bits 8j..
    const AlignedVector<std::uint32_t> words = cleanWords(linear);
    const std::int64_t perRow = HostLinear::wordsPerRow(linear.cols);
    if (layout == Layout::words64)
        return interleave<std::uint32_t>(words, linear.rows, perRow, 64);
    if (layout == Layout::bytes32)
        return interleave<std::uint8_t>(words, linear.rows, perRow, 32);
    AlignedVector<std::byte> packed(words.size() * sizeof(std::uint32_t));
    std::memcpy(packed.data(), words.data(), packed.size());
    return packed;
}

AlignedVector<std::int32_t> signSums(const HostLinear& linear) {
    const AlignedVector<std::uint32_t> words = cleanWords(linear);
    const std::int64_t perRow = HostLinear::wordsPerRow(linear.cols);
    AlignedVector<std::int32_t> sums(static_cast<std::size_t>(linear.rows));
    for (std::int64_t i = 0; i < linear.rows; ++i) {
        std::int64_t set = 0;
        for (std::int64_t w = 0; w < perRow; ++w)
            set += std::popcount(words[static_cast<std::size_t>(i * perRow + w)]);
        sums[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(2 * set - linear.cols);
    }
    return sums;
}

} // namespace bwla
