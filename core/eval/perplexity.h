// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/engine/session.h"
#include "core/eval/windows.h"

#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>

namespace bwla {

struct PerplexityResult {
    double perplexity = 0.0;
    /// Of the perplexity, from the spread of the windows' mean losses (NaN for a single window):
    /// tokens of one text are not independent, windows nearly are. llama.cpp's own figure treats
    /// every token as independent and is smaller.
    double standardError = 0.0;
    std::int64_t tokens = 0;  ///< predictions that counted
    std::int64_t windows = 0; ///< scored
};

/// Hears the windows done, the windows in all and the perplexity so far.
using PerplexityProgress = std::function<void(std::int64_t, std::int64_t, double)>;

/// exp of the mean loss over the counted predictions of the first `limit` windows (0 = all). The
/// session is rewound before each window and needs a capacity of rule.length. Throws
/// Error{textTooShort, promptTooLong}, Error{numeric} where a loss is not finite, Cancelled.
[[nodiscard]] PerplexityResult perplexity(Session& session, std::span<const std::int32_t> tokens,
                                          const WindowRule& rule, std::int64_t limit = 0,
                                          const PerplexityProgress& progress = {},
                                          const std::stop_token& stop = {});

} // namespace bwla
