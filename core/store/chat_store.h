// SPDX-License-Identifier: GPL-3.0-or-later
//
// Chats and their messages. The messages of a chat are a tree: a message of the user has an answer
// (or nothing) as its parent, an answer the message it answers. Editing a message or answering
// again adds a sibling, so no version is ever lost. Where two models answer one message, both
// answers form a round and the next message hangs on the round's first.
#pragma once

#include "core/store/database.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bwla {

struct ChatRecord {
    std::int64_t id = 0;
    std::string title{};
    std::string originalPath{}; ///< of the model; empty = this chat has none
    std::string quantizedPath{};
    std::string settings{};       ///< JSON of whoever owns the chat: system prompt, sampling, ..
    std::int64_t leaf = 0;        ///< last message of the branch in view, 0 = none yet
    std::int64_t contextFrom = 0; ///< the models read from this message on, 0 = from the first
    std::int64_t createdAt = 0;   ///< seconds since 1970
    std::int64_t updatedAt = 0;
};

enum class MessageRole : std::uint8_t { user, assistant };
/// Who answered; `both` for what the user wrote.
enum class MessageSide : std::uint8_t { both, original, quantized };
enum class MessageState : std::uint8_t {
    streaming,   ///< being written
    done,        ///< as the model ended it
    stopped,     ///< by the user
    failed,      ///< an error ended it
    interrupted, ///< the program ended while it was being written
};

struct MessageRecord {
    std::int64_t id = 0;
    std::int64_t chat = 0;
    std::int64_t parent = 0; ///< 0 = first of the chat
    std::int64_t round = 0;  ///< id of the round's first answer; a message's own id otherwise
    MessageRole role = MessageRole::user;
    MessageSide side = MessageSide::both;
    MessageState state = MessageState::done;
    std::string text{};
    std::string stats{}; ///< JSON of whoever measured, may be empty
    std::int64_t createdAt = 0;
};

struct ChatHit {
    std::int64_t chat = 0;
    std::int64_t message = 0; ///< 0 = the title
    std::string title{};
    std::string excerpt{}; ///< found words between U+2068 and U+2069
    std::int64_t updatedAt = 0;
};

/// Every method is one transaction: what returned is on disk and survives a crash of the program.
/// Throws what Statement throws; Error{badArgument} for an id that is not there.
class ChatStore {
public:
    explicit ChatStore(Database& database) : database_(database) {}

    std::int64_t addChat(const ChatRecord& chat); ///< id and times are filled in
    [[nodiscard]] ChatRecord chat(std::int64_t id) const;
    [[nodiscard]] std::vector<ChatRecord> chats() const; ///< not deleted, newest first
    [[nodiscard]] std::vector<ChatRecord> deletedChats() const;
    /// Everything but id, times and deletion.
    void saveChat(const ChatRecord& chat);
    void setLeaf(std::int64_t chat, std::int64_t leaf);
    void removeChat(std::int64_t id); ///< restoreChat() undoes it
    void restoreChat(std::int64_t id);
    /// Ends chats deleted before `time` (seconds since 1970) for good.
    void purge(std::int64_t time);

    /// Id, time and, where it is 0, `round` are filled in; the chat's leaf follows.
    std::int64_t addMessage(const MessageRecord& message);
    void saveMessage(std::int64_t id, std::string_view text, MessageState state,
                     std::string_view stats);
    [[nodiscard]] MessageRecord message(std::int64_t id) const;
    /// From the first message to the round of `leaf`, a round's answers side by side.
    [[nodiscard]] std::vector<MessageRecord> path(std::int64_t leaf) const;
    /// Ids of a message's versions, oldest first: same parent, same role, one a round.
    [[nodiscard]] std::vector<std::int64_t> versions(std::int64_t message) const;
    /// The newest message of the branch that begins with `message`.
    [[nodiscard]] std::int64_t newestLeaf(std::int64_t message) const;
    /// Hides a message (its whole round) with all that follows; restoreMessage() undoes it. The
    /// chat's leaf moves to the newest version beside it, else to its parent.
    void removeMessage(std::int64_t id);
    void restoreMessage(std::int64_t id);

    /// Chats whose title or messages have all the words, the last one as a beginning; best first.
    [[nodiscard]] std::vector<ChatHit> search(std::string_view words, int limit = 50) const;
    /// Messages that a crash left `streaming` become `interrupted`; returns how many.
    std::int64_t recover();

private:
    [[nodiscard]] std::vector<ChatRecord> list(bool deleted) const;
    void touch(std::int64_t chat);

    Database& database_;
};

} // namespace bwla
