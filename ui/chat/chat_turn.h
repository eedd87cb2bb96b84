// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/chat/chat_room.h"
#include "core/store/chat_store.h"
#include "core/text/chat_template.h"
#include "ui/chat/answer_stats.h"

#include <QString>

#include <array>
#include <optional>

namespace bwla::ui {

struct ChatAnswer {
    std::int64_t id = 0;
    std::string text;
    MessageState state = MessageState::done;
    AnswerStats stats;
};

/// Which of several, counted from 1.
struct VersionOf {
    int index = 1;
    int count = 1;
};

/// A message of the user and what one or both models answered.
struct ChatTurn {
    std::int64_t id = 0; ///< of the user's message
    std::int64_t parent = 0;
    QString text;
    VersionOf version;      ///< of the user's message
    std::int64_t round = 0; ///< of the answers in view, 0 = none yet
    VersionOf answerVersion;
    bool read = true; ///< the models still read it; false = before the start of the context
    std::array<std::optional<ChatAnswer>, chatSides.size()> answers;

    [[nodiscard]] const std::optional<ChatAnswer>& answer(ChatSide side) const {
        return answers[static_cast<std::size_t>(side)];
    }
    /// First token in which the two answers differ.
    [[nodiscard]] std::optional<std::size_t> difference() const;
};

/// The turns from the first to the chat's leaf.
[[nodiscard]] std::vector<ChatTurn> turnsOf(const ChatStore& store, const ChatRecord& chat);

/// What a model reads for the turns: the system prompt, then the turns it may read with its own
/// answers (the other model's where it gave none, nothing where neither did).
[[nodiscard]] std::vector<ChatMessage> messagesFor(ChatSide side, const std::string& system,
                                                   std::span<const ChatTurn> turns);

} // namespace bwla::ui
