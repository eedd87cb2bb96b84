// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/chat/agreement.h"

#include <limits>
#include <string>

namespace bwla::ui {

/// What was measured of one answer; kept with it as JSON. NaN = not measured.
struct AnswerStats {
    std::string model{}, format{}, device{};
    std::int64_t fileBytes = 0;
    std::int64_t promptTokens = 0, reusedTokens = 0;
    std::int64_t memoryBytes = 0; ///< weights and caches
    std::uint64_t seed = 0;
    double promptSpeed = std::numeric_limits<double>::quiet_NaN(); ///< tokens a second
    double decodeSpeed = std::numeric_limits<double>::quiet_NaN();
    double firstTokenSeconds = std::numeric_limits<double>::quiet_NaN();
    std::string stop{};              ///< stopReasonName
    std::string error{};             ///< a sentence, where an error ended the answer
    std::vector<AnswerToken> path{}; ///< the answer's tokens
    Agreement agreement{};           ///< of a quantized model's answer; kl empty = not compared
};

[[nodiscard]] std::string statsText(const AnswerStats& stats);
/// Whatever of `text` cannot be read keeps its default.
[[nodiscard]] AnswerStats statsFrom(const std::string& text);

} // namespace bwla::ui
