// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/eval/perplexity.h"

#include "core/eval/token_loss.h"
#include "core/job/job.h"

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace bwla {
namespace {

/// Mean loss of one window's counted predictions.
double windowLoss(Session& session, const std::vector<std::int32_t>& tokens, std::int64_t firstRow,
                  const std::stop_token& stop) {
    const auto vocabulary = static_cast<std::size_t>(session.model().config().vocabulary);
    double sum = 0.0;
    session.rewind(0);
    const bool finished = session.feedAll(
        tokens,
        [&](std::int64_t first, std::span<const float> rows) {
            for (std::size_t row = 0; row < rows.size() / vocabulary; ++row) {
                const std::size_t position = static_cast<std::size_t>(first) + row;
                if (position >= static_cast<std::size_t>(firstRow) && position + 1 < tokens.size())
                    sum +=
                        tokenLoss(rows.subspan(row * vocabulary, vocabulary), tokens[position + 1]);
            }
        },
        stop);
    if (!finished)
        throw Cancelled();
    if (!std::isfinite(sum))
        throw Error(ErrorCode::numeric).because("the loss of a window of text");
    return sum / static_cast<double>(static_cast<std::int64_t>(tokens.size()) - 1 - firstRow);
}

double mean(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double standardErrorOfMean(const std::vector<double>& values) {
    const auto count = static_cast<double>(values.size());
    const double centre = mean(values);
    double squares = 0.0;
    for (const double value : values)
        squares += (value - centre) * (value - centre);
    return values.size() > 1 ? std::sqrt(squares / (count - 1.0) / count)
                             : std::numeric_limits<double>::quiet_NaN();
}

} // namespace

PerplexityResult perplexity(Session& session, std::span<const std::int32_t> tokens,
                            const WindowRule& rule, std::int64_t limit,
                            const PerplexityProgress& progress, const std::stop_token& stop) {
    const std::int64_t windows = windowCount(tokens, rule, limit);
    std::vector<double> losses;
    for (std::int64_t i = 0; i < windows; ++i) {
        losses.push_back(windowLoss(session, window(tokens, rule, i), rule.firstRow, stop));
        if (progress)
            progress(i + 1, windows, std::exp(mean(losses)));
    }
    const double perplexity = std::exp(mean(losses));
    return {.perplexity = perplexity,
            .standardError = perplexity * standardErrorOfMean(losses),
            .tokens = windows * (rule.length - 1 - rule.firstRow),
            .windows = windows};
}

} // namespace bwla
