// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/activation_budget.h"

#include <queue>

#include <tuple>

namespace bwla {
namespace {

constexpr auto choices = budgetActivationBits;

/// More bits for a group: from choice `from` to `to`.
struct Offer {
    double fallABit = 0.0;
    std::size_t block = 0, kind = 0, from = 0, to = 0;
    [[nodiscard]] bool operator<(const Offer& other) const { // equal ones: the earlier group first
        return std::tie(fallABit, other.block, other.kind) < std::tie(other.fallABit, block, kind);
    }
};

} // namespace

ActivationBits spreadActivationBits(const ModelConfig& config, const RoundingLoss& loss,
                                    double budget) {
    const auto width = [&](std::size_t kind) {
        return static_cast<double>(config.groupInputs(static_cast<GroupKind>(kind)));
    };
    ActivationBits bits;
    std::priority_queue<Offer> offers;
    // The step of the steepest fall: 4 to 8 may be worth more a bit than 4 to 6.
    const auto offer = [&](std::size_t block, std::size_t kind, std::size_t from) {
        Offer best;
        const auto& losses = *loss[block][kind];
        for (std::size_t to = from + 1; to < choices.size(); ++to) {
            const double fall = (losses[from] - losses[to]) /
                                (width(kind) * static_cast<double>(choices[to] - choices[from]));
            if (fall > best.fallABit)
                best = {fall, block, kind, from, to};
        }
        if (best.fallABit > 0.0)
            offers.push(best);
    };
    double left = 0.0; // bits, a token
    for (std::size_t block = 0; block < loss.size(); ++block)
        for (std::size_t kind = 0; kind < groupCount; ++kind) {
            const bool kept = !loss[block][kind].has_value();
            bits[kind].push_back(kept ? 16 : choices.front());
            if (kept)
                continue;
            left += width(kind) * (budget - choices.front());
            offer(block, kind, 0);
        }
    while (!offers.empty()) {
        const Offer best = offers.top();
        offers.pop();
        const double price = width(best.kind) * (choices[best.to] - choices[best.from]);
        if (price > left + 1e-9)
            continue;
        left -= price;
        bits[best.kind][best.block] = choices[best.to];
        offer(best.block, best.kind, best.to);
    }
    return bits;
}

} // namespace bwla
