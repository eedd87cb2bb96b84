// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/rank_budget.h"

#include "core/error.h"
#include "core/quant/quantize_estimate.h"

#include <queue>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>

namespace bwla {
namespace {

/// The next rank of a group.
struct Offer {
    double worthABit = 0.0;
    std::size_t block = 0, kind = 0;
    /// Of equal offers the earlier group's comes first.
    [[nodiscard]] bool operator<(const Offer& other) const {
        return worthABit != other.worthABit
                   ? worthABit < other.worthABit
                   : std::pair(block, kind) > std::pair(other.block, other.kind);
    }
};

std::string fourDigits(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.4f", value);
    return text;
}

BitsLedger withoutLowRank(const ModelConfig& config, QuantizeSettings settings) {
    settings.rankBudget = 0.0;
    settings.rank = 0;
    return estimateQuantization(config, settings, 0, {}).ledger;
}

} // namespace

std::int64_t bitsOfOneRank(const ModelConfig& config, GroupKind kind) {
    const auto linears = static_cast<int>(group(kind).linears.size());
    std::int64_t values = config.groupInputs(kind);
    for (int i = 0; i < linears; ++i)
        values += config.linearOutputs(kind, i);
    return 8 * values + 16 * (linears + 1);
}

std::int64_t lowRankBits(const ModelConfig& config, const QuantizeSettings& settings) {
    const BitsLedger rest = withoutLowRank(config, settings);
    const auto quantized = static_cast<double>(rest.weights - rest.keptWeights);
    return std::max(static_cast<std::int64_t>(settings.rankBudget * quantized) -
                        (rest.linearBits() - rest.keptBits),
                    std::int64_t{0});
}

void checkRankBudget(const ModelConfig& config, const QuantizeSettings& settings) {
    const double least = withoutLowRank(config, settings).bitsPerQuantizedWeight();
    if (settings.rankBudget > 0.0 && settings.rankBudget < least)
        throw Error(ErrorCode::badArgument)
            .because("--rank-budget " + fourDigits(settings.rankBudget) +
                     " is too little: without any low rank these settings take " +
                     fourDigits(least) + " bits a weight.");
}

RankPlan spreadRanks(const ModelConfig& config, const RankWorth& worth, std::int64_t bits) {
    RankPlan plan(worth.size());
    std::priority_queue<Offer> offers;
    const auto offer = [&](std::size_t block, std::size_t kind) {
        const auto& falls = worth[block][kind];
        const auto next = static_cast<std::size_t>(plan[block][kind]);
        if (next < falls.size() && next < std::size_t{mostBudgetRank})
            offers.push({falls[next] / static_cast<double>(
                                           bitsOfOneRank(config, static_cast<GroupKind>(kind))),
                         block, kind});
    };
    for (std::size_t block = 0; block < worth.size(); ++block)
        for (std::size_t kind = 0; kind < groupCount; ++kind)
            offer(block, kind);
    while (!offers.empty()) {
        const Offer best = offers.top();
        offers.pop();
        const std::int64_t price = bitsOfOneRank(config, static_cast<GroupKind>(best.kind));
        if (price > bits)
            continue;
        bits -= price;
        ++plan[best.block][best.kind];
        offer(best.block, best.kind);
    }
    return plan;
}

std::string toJson(const RankPlan& plan) {
    nlohmann::json json;
    for (const InputGroup& g : groups())
        for (const auto& block : plan)
            json[std::string(g.name)].push_back(block[static_cast<std::size_t>(g.kind)]);
    return json.dump();
}

RankPlan rankPlanFromJson(const std::string& text, std::int64_t blocks, const std::string& file) {
    const nlohmann::json json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
    RankPlan plan(static_cast<std::size_t>(blocks));
    for (const InputGroup& g : groups()) {
        const std::string name(g.name);
        const nlohmann::json list =
            json.is_object() ? json.value(name, nlohmann::json()) : nlohmann::json();
        if (!list.is_array() || list.size() != plan.size())
            throw Error(ErrorCode::corrupt).in(file).because(name + " has no rank for each block");
        for (std::size_t block = 0; block < plan.size(); ++block) {
            if (!list[block].is_number_unsigned() || list[block] > mostBudgetRank)
                throw Error(ErrorCode::corrupt).in(file).because(name + " holds what is no rank");
            plan[block][static_cast<std::size_t>(g.kind)] = list[block].get<int>();
        }
    }
    return plan;
}

} // namespace bwla
