// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace bwla {

/// The alphabet in which byte-level BPE writes bytes as printable characters, from GPT-2's
/// encoder (Radford et al. 2019): printable Latin-1 bytes stand for themselves, the others are
/// numbered from U+0100 on. A space is written as U+0120.
class ByteAlphabet {
public:
    ByteAlphabet();

    /// How `byte` is written, as UTF-8.
    [[nodiscard]] const std::string& written(unsigned char byte) const { return written_[byte]; }
    /// The bytes that a token spells; characters outside the alphabet are kept as they are.
    [[nodiscard]] std::string bytes(std::string_view token) const;

private:
    static constexpr std::size_t codes = 0x144; // the last of the 68 renumbered bytes is U+0143
    std::array<std::string, 256> written_;
    std::array<std::int16_t, codes> byteOf_;
};

} // namespace bwla
