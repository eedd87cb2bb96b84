// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/engine/sampler.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bwla::ui {

enum class ChatMode : std::uint8_t { both, quantized, original };

/// What a chat keeps beside its models and messages.
struct ChatOptions {
    ChatMode mode = ChatMode::both;
    std::string system{};        ///< system prompt, empty = none
    std::string otherTemplate{}; ///< instead of the models' own, empty = theirs
    std::int64_t maxTokens = 512;
    SamplerSettings sampling{.temperature = 0.0}; ///< no luck: a difference is the model's
    std::vector<std::string> stopStrings{};
};

[[nodiscard]] std::string optionsText(const ChatOptions& options);
/// Whatever of `text` cannot be read keeps its default: an old chat opens always.
[[nodiscard]] ChatOptions optionsFrom(const std::string& text);

} // namespace bwla::ui
