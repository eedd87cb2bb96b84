// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/chat_turn.h"

#include <algorithm>

namespace bwla::ui {
namespace {

VersionOf versionOf(const ChatStore& store, std::int64_t message) {
    const std::vector<std::int64_t> all = store.versions(message);
    const auto at = std::find(all.begin(), all.end(), message);
    return {static_cast<int>(at - all.begin()) + 1, static_cast<int>(all.size())};
}

std::size_t sideOf(const MessageRecord& answer) {
    return answer.side == MessageSide::original ? 0 : 1;
}

bool ended(const ChatAnswer& answer) {
    return answer.state == MessageState::done;
}

} // namespace

std::optional<std::size_t> ChatTurn::difference() const {
    const auto &a = answer(ChatSide::original), &b = answer(ChatSide::quantized);
    if (!a || !b)
        return std::nullopt;
    return firstDifference(a->stats.path, ended(*a), b->stats.path, ended(*b));
}

std::vector<ChatTurn> turnsOf(const ChatStore& store, const ChatRecord& chat) {
    std::vector<ChatTurn> turns;
    if (chat.leaf == 0)
        return turns;
    for (const MessageRecord& message : store.path(chat.leaf)) {
        if (message.role == MessageRole::user) {
            turns.push_back({.id = message.id,
                             .parent = message.parent,
                             .text = QString::fromStdString(message.text),
                             .version = versionOf(store, message.id),
                             .answerVersion = {},
                             .read = message.id >= chat.contextFrom,
                             .answers = {}});
            continue;
        }
        ChatTurn& turn = turns.back();
        if (turn.round == 0) {
            turn.round = message.round;
            turn.answerVersion = versionOf(store, message.round);
        }
        turn.answers[sideOf(message)] =
            ChatAnswer{message.id, message.text, message.state, statsFrom(message.stats)};
    }
    return turns;
}

std::vector<ChatMessage> messagesFor(ChatSide side, const std::string& system,
                                     std::span<const ChatTurn> turns) {
    std::vector<ChatMessage> messages;
    if (!system.empty())
        messages.push_back({"system", system});
    const auto other = side == ChatSide::original ? ChatSide::quantized : ChatSide::original;
    for (const ChatTurn& turn : turns) {
        if (!turn.read)
            continue;
        messages.push_back({"user", turn.text.toStdString()});
        const auto& answer = turn.answer(side) ? turn.answer(side) : turn.answer(other);
        if (answer && !answer->text.empty())
            messages.push_back({"assistant", answer->text});
    }
    return messages;
}

} // namespace bwla::ui
