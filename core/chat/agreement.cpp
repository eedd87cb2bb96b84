// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/chat/agreement.h"

#include "core/eval/token_loss.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace bwla {
namespace {

void addRows(Agreement& agreement, std::span<const float> original,
             std::span<const float> quantized, std::size_t vocabulary) {
    for (std::size_t at = 0; at < original.size(); at += vocabulary) {
        const RowDivergence row =
            rowDivergence(original.subspan(at, vocabulary), quantized.subspan(at, vocabulary));
        if (!std::isfinite(row.kl))
            throw Error(ErrorCode::numeric).because("the divergence of a token");
        agreement.kl.push_back(static_cast<float>(row.kl));
        agreement.sameTop += row.sameTop ? 1 : 0;
    }
}

double share(double sum, std::size_t count) {
    return count > 0 ? sum / static_cast<double>(count) : std::numeric_limits<double>::quiet_NaN();
}

/// Reads all but the last token of the prompt; false when stopped.
bool readPrompt(Session& session, std::span<const std::int32_t> prompt,
                const std::stop_token& stop) {
    const auto known = static_cast<std::size_t>(session.reusePrefix(prompt));
    const auto rest = prompt.subspan(known, prompt.size() - 1 - known);
    return rest.empty() || !session.feed(rest, stop).empty();
}

} // namespace

double Agreement::mean() const {
    return share(std::accumulate(kl.begin(), kl.end(), 0.0), kl.size());
}

double Agreement::topShare() const {
    return share(static_cast<double>(sameTop), kl.size());
}

std::optional<Agreement> agreement(Session& original, Session& quantized,
                                   std::span<const std::int32_t> prompt,
                                   std::span<const AnswerToken> answer,
                                   const std::stop_token& stop) {
    const std::int64_t vocabulary = quantized.model().config().vocabulary;
    if (original.model().config().vocabulary != vocabulary)
        throw Error(ErrorCode::badArgument)
            .because("The two models have different vocabularies and cannot be compared.");
    Agreement result;
    if (prompt.empty() || answer.empty())
        return result;
    const auto length = static_cast<std::int64_t>(prompt.size() + answer.size()) - 1;
    if (original.capacity() < length || quantized.capacity() < length)
        return std::nullopt;
    if (!readPrompt(original, prompt, stop) || !readPrompt(quantized, prompt, stop))
        return std::nullopt;
    // The row after the prompt's last token drew the first token of the answer, and so on.
    std::vector<std::int32_t> rows{prompt.back()};
    for (const AnswerToken& token : answer.first(answer.size() - 1))
        rows.push_back(token.id);
    bool whole = true;
    for (std::size_t at = 0; whole && at < rows.size(); at += chunkTokens) {
        const auto chunk =
            std::span(rows).subspan(at, std::min<std::size_t>(chunkTokens, rows.size() - at));
        whole =
            original.feedAll(
                chunk,
                [&](std::int64_t, std::span<const float> expected) {
                    // Within the call: the two sides' logits live until their plans run again.
                    whole = quantized.feedAll(
                        chunk,
                        [&](std::int64_t, std::span<const float> found) {
                            addRows(result, expected, found, static_cast<std::size_t>(vocabulary));
                        },
                        stop);
                },
                stop) &&
            whole;
    }
    return whole ? std::optional(std::move(result)) : std::nullopt;
}

std::optional<std::size_t> firstDifference(std::span<const AnswerToken> a, bool aEnded,
                                           std::span<const AnswerToken> b, bool bEnded) {
    const auto differ = std::mismatch(a.begin(), a.end(), b.begin(), b.end(),
                                      [](const auto& x, const auto& y) { return x.id == y.id; });
    const auto index = static_cast<std::size_t>(differ.first - a.begin());
    const bool aOver = index == a.size(), bOver = index == b.size();
    if (aOver && bOver)
        return std::nullopt;
    if ((aOver && !aEnded) || (bOver && !bEnded))
        return std::nullopt;
    return index;
}

} // namespace bwla
