// SPDX-License-Identifier: GPL-3.0-or-later
//
// Low rank where it is worth most: one budget of bits for the whole model instead of one rank for
// all groups (docs/method.md, "Rank by budget").
#pragma once

#include "core/model/model_config.h"
#include "core/quant/quantize_settings.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace bwla {

/// Rank of each group's low-rank term, by block and GroupKind; 0 = none, or kept in float.
using RankPlan = std::vector<std::array<int, groupCount>>;

/// What low rank is worth to the groups, by block and GroupKind: the fall of the loss by a group's
/// first, second, .. rank, none greater than the one before. Empty: the group takes no rank.
using RankWorth = std::vector<std::array<std::vector<double>, groupCount>>;

/// More ranks than this leave a device's fastest products (kernels/vulkan/gemv_ops.cpp).
inline constexpr int mostBudgetRank = 64;

/// Bits that one rank of a group costs in the files: a column of A and a row of B in 8 bits, with
/// their scales.
[[nodiscard]] std::int64_t bitsOfOneRank(const ModelConfig& config, GroupKind kind);

/// Bits that settings.rankBudget leaves for low rank, over all quantized groups; none where the
/// other parts alone take more.
[[nodiscard]] std::int64_t lowRankBits(const ModelConfig& config, const QuantizeSettings& settings);
/// Throws Error{badArgument} where there is a budget and the other parts alone take more.
void checkRankBudget(const ModelConfig& config, const QuantizeSettings& settings);

/// Takes rank after rank, each the one of greatest worth a bit that still fits into `bits`: the
/// best spread there is but for the last few ranks, since worths of a group fall.
[[nodiscard]] RankPlan spreadRanks(const ModelConfig& config, const RankWorth& worth,
                                   std::int64_t bits);

/// {group: [rank, ..]}, as `low_rank` in docs/format.md.
[[nodiscard]] std::string toJson(const RankPlan& plan);
/// Throws Error{corrupt} naming `file` where the text is no plan for `blocks` blocks.
[[nodiscard]] RankPlan rankPlanFromJson(const std::string& text, std::int64_t blocks,
                                        const std::string& file);

} // namespace bwla
