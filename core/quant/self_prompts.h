// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/text/tokenizer.h"

#include <cstdint>
#include <span>
#include <vector>

namespace bwla {

/// Openings of self-written text, `count` of them in turn: an empty prompt (the document separator
/// of pretraining), a chat with one of the built-in questions, and, where there is `text`, twice a
/// piece of it to continue: 24 tokens from an evenly spaced place. At most `longest` tokens each.
[[nodiscard]] std::vector<std::vector<std::int32_t>> selfPrompts(const Tokenizer& tokenizer,
                                                                 std::span<const std::int32_t> text,
                                                                 std::int64_t count,
                                                                 std::int64_t longest);

} // namespace bwla
