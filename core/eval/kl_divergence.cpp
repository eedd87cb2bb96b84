// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/eval/kl_divergence.h"

#include "core/eval/token_loss.h"
#include "core/job/job.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace bwla {
namespace {

class Comparison {
public:
    Comparison(Session& reference, Session& model, std::stop_token stop)
        : reference_(reference), model_(model), stop_(std::move(stop)),
          vocabulary_(static_cast<std::size_t>(model.model().config().vocabulary)) {
        if (reference.model().config().vocabulary != model.model().config().vocabulary)
            throw Error(ErrorCode::badArgument)
                .because("The two models have different vocabularies and cannot be compared.");
    }

    /// Rows firstRow .. tokens.size() - 2 count.
    void add(const std::vector<std::int32_t>& tokens, std::int64_t firstRow) {
        reference_.rewind(0);
        model_.rewind(0);
        bool finished = true;
        finished &= reference_.feedAll(
            tokens,
            [&](std::int64_t first, std::span<const float> expected) {
                const auto chunk = std::span(tokens).subspan(static_cast<std::size_t>(first),
                                                             expected.size() / vocabulary_);
                finished &= model_.feedAll(
                    chunk,
                    [&](std::int64_t, std::span<const float> found) {
                        addRows(expected, found, first, firstRow,
                                static_cast<std::int64_t>(tokens.size()) - 1);
                    },
                    stop_);
            },
            stop_);
        if (!finished)
            throw Cancelled();
    }

    [[nodiscard]] double mean() const { return sum_ / static_cast<double>(divergences_.size()); }

    [[nodiscard]] KlResult result(std::int64_t windows) {
        const auto count = static_cast<double>(divergences_.size());
        return {.mean = mean(),
                .median = quantile(0.5),
                .percentile99 = quantile(0.99),
                .topAgreement = static_cast<double>(sameTop_) / count,
                .tokens = static_cast<std::int64_t>(divergences_.size()),
                .windows = windows};
    }

private:
    void addRows(std::span<const float> expected, std::span<const float> found,
                 std::int64_t position, std::int64_t firstRow, std::int64_t endRow) {
        for (std::size_t at = 0; at < expected.size(); at += vocabulary_, ++position) {
            if (position < firstRow || position >= endRow)
                continue;
            const RowDivergence row =
                rowDivergence(expected.subspan(at, vocabulary_), found.subspan(at, vocabulary_));
            if (!std::isfinite(row.kl))
                throw Error(ErrorCode::numeric).because("the divergence of a token");
            divergences_.push_back(static_cast<float>(row.kl));
            sum_ += row.kl;
            sameTop_ += row.sameTop ? 1 : 0;
        }
    }

    /// The smallest divergence that at least `share` of the tokens do not exceed.
    [[nodiscard]] double quantile(double share) {
        const auto rank = static_cast<std::ptrdiff_t>(
            std::ceil(share * static_cast<double>(divergences_.size())) - 1.0);
        const auto at = divergences_.begin() + rank;
        std::nth_element(divergences_.begin(), at, divergences_.end());
        return *at;
    }

    Session& reference_;
    Session& model_;
    std::stop_token stop_;
    std::size_t vocabulary_;
    std::vector<float> divergences_;
    double sum_ = 0.0;
    std::int64_t sameTop_ = 0;
};

} // namespace

KlResult klDivergence(Session& reference, Session& model, std::span<const std::int32_t> tokens,
                      const WindowRule& rule, std::int64_t limit, const KlProgress& progress,
                      std::stop_token stop) {
    Comparison comparison(reference, model, std::move(stop));
    const std::int64_t windows = windowCount(tokens, rule, limit);
    for (std::int64_t i = 0; i < windows; ++i) {
        comparison.add(window(tokens, rule, i), rule.firstRow);
        if (progress)
            progress(i + 1, windows, comparison.mean());
    }
    return comparison.result(windows);
}

KlResult klDivergence(Session& reference, Session& model, std::span<const ScoredText> texts,
                      const KlProgress& progress, std::stop_token stop) {
    Comparison comparison(reference, model, std::move(stop));
    std::int64_t done = 0;
    for (const ScoredText& text : texts) {
        comparison.add(text.tokens, text.firstRow);
        if (progress)
            progress(++done, std::ssize(texts), comparison.mean());
    }
    return comparison.result(std::ssize(texts));
}

} // namespace bwla
