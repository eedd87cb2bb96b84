// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace bwla {

/// The linears of one decoder block that read the same input. Rotation, column scale, activation
/// step and right low-rank factor belong to the group: one quantized input, read by all of them
/// (design 2). Values are indices; `groups()` lists them in the order of the forward pass.
enum class GroupKind : std::uint8_t { attnIn, attnOut, mlpIn, mlpOut };

inline constexpr int groupCount = 4;

struct InputGroup {
    GroupKind kind;
    std::string_view name;                     ///< in tensor names: "attn_in"
    std::span<const std::string_view> linears; ///< Hugging Face names: "self_attn.q_proj"
};

/// Bits of groups' inputs where they differ, by GroupKind and layer: 2 to 8, or 16 where they are
/// not rounded.
using ActivationBits = std::array<std::vector<int>, groupCount>;

[[nodiscard]] const std::array<InputGroup, groupCount>& groups();
[[nodiscard]] const InputGroup& group(GroupKind kind);

} // namespace bwla
