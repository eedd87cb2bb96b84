// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace bwla {

/// Trained latents in half a byte each: the sign, exactly, and one of eight classes of sizes, which
/// hold an eighth of the latents each.
struct LatentCode {
    std::array<std::int8_t, 8> least{}, mean{}, most{}; ///< sizes of a class, 1 .. 127
    /// Two latents a byte, the first one low: bits 0 to 2 the class, bit 3 set where negative.
    std::vector<std::byte> halves;
};

/// `latents` as an unfinished refinement keeps them: -127 .. 127, never 0.
[[nodiscard]] LatentCode encodeLatents(std::span<const std::int8_t> latents);
/// The first `count` of them, sizes spread over their class: all of one size would wait for their
/// signs to turn, and then turn together. `code.halves` holds at least as many.
[[nodiscard]] std::vector<std::int8_t> decodeLatents(const LatentCode& code, std::int64_t count);

} // namespace bwla
