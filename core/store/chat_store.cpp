// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/store/chat_store.h"

#include "core/error.h"

#include <algorithm>
#include <array>

namespace bwla {
namespace {

// Stored names; the order is that of the enumerations.
constexpr std::array roles{"user", "assistant"};
constexpr std::array sides{"both", "original", "quantized"};
constexpr std::array states{"streaming", "done", "stopped", "failed", "interrupted"};

template<class Value, std::size_t count>
const char* nameOf(const std::array<const char*, count>& names, Value value) {
    return names.at(static_cast<std::size_t>(value));
}

template<class Value, std::size_t count>
Value valueOf(const std::array<const char*, count>& names, const std::string& name) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end())
        throw Error(ErrorCode::corrupt).because("a message is \"" + name + "\"");
    return static_cast<Value>(found - names.begin());
}

constexpr const char* chatColumns = "SELECT id, title, original_path, quantized_path, settings, "
                                    "leaf, context_from, created_at, updated_at FROM chats ";
constexpr const char* messageColumns =
    "SELECT id, chat, ifnull(parent, 0), round, role, side, state, text, stats, created_at "
    "FROM messages ";

ChatRecord chatAt(const Statement& row) {
    return {.id = row.integer(0),
            .title = row.text(1),
            .originalPath = row.text(2),
            .quantizedPath = row.text(3),
            .settings = row.text(4),
            .leaf = row.integer(5),
            .contextFrom = row.integer(6),
            .createdAt = row.integer(7),
            .updatedAt = row.integer(8)};
}

MessageRecord messageAt(const Statement& row) {
    return {.id = row.integer(0),
            .chat = row.integer(1),
            .parent = row.integer(2),
            .round = row.integer(3),
            .role = valueOf<MessageRole>(roles, row.text(4)),
            .side = valueOf<MessageSide>(sides, row.text(5)),
            .state = valueOf<MessageState>(states, row.text(6)),
            .text = row.text(7),
            .stats = row.text(8),
            .createdAt = row.integer(9)};
}

[[noreturn]] void missing(const char* what, std::int64_t id) {
    throw Error(ErrorCode::badArgument)
        .because("There is no " + std::string(what) + " " + std::to_string(id) + ".");
}

/// A query of FTS5 that takes every word as it is written: no operators, no columns.
std::string quotedWords(std::string_view words) {
    std::string query;
    std::size_t at = 0;
    while ((at = words.find_first_not_of(" \t\n", at)) != std::string_view::npos) {
        const std::size_t end = std::min(words.find_first_of(" \t\n", at), words.size());
        query += query.empty() ? "\"" : " \"";
        for (const char c : words.substr(at, end - at))
            query += c == '"' ? std::string("\"\"") : std::string(1, c);
        query += '"';
        at = end;
    }
    return query.empty() ? query : query + "*";
}

} // namespace

std::int64_t ChatStore::addChat(const ChatRecord& chat) {
    database_
        .prepare("INSERT INTO chats (title, original_path, quantized_path, settings, leaf, "
                 "context_from, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)")
        .bind(1, chat.title)
        .bind(2, chat.originalPath)
        .bind(3, chat.quantizedPath)
        .bind(4, chat.settings)
        .bind(5, chat.leaf)
        .bind(6, chat.contextFrom)
        .bind(7, unixNow())
        .run();
    return database_.lastInsertId();
}

ChatRecord ChatStore::chat(std::int64_t id) const {
    Statement row = database_.prepare(std::string(chatColumns) + "WHERE id = ?1");
    if (!row.bind(1, id).step())
        missing("chat", id);
    return chatAt(row);
}

std::vector<ChatRecord> ChatStore::list(bool deleted) const {
    Statement row =
        database_.prepare(std::string(chatColumns) + "WHERE deleted_at IS " +
                          (deleted ? "NOT NULL" : "NULL") + " ORDER BY updated_at DESC, id DESC");
    std::vector<ChatRecord> chats;
    while (row.step())
        chats.push_back(chatAt(row));
    return chats;
}

std::vector<ChatRecord> ChatStore::chats() const {
    return list(false);
}

std::vector<ChatRecord> ChatStore::deletedChats() const {
    return list(true);
}

void ChatStore::saveChat(const ChatRecord& chat) {
    database_
        .prepare("UPDATE chats SET title = ?2, original_path = ?3, quantized_path = ?4, "
                 "settings = ?5, leaf = ?6, context_from = ?7 WHERE id = ?1")
        .bind(1, chat.id)
        .bind(2, chat.title)
        .bind(3, chat.originalPath)
        .bind(4, chat.quantizedPath)
        .bind(5, chat.settings)
        .bind(6, chat.leaf)
        .bind(7, chat.contextFrom)
        .run();
}

void ChatStore::setLeaf(std::int64_t chat, std::int64_t leaf) {
    database_.prepare("UPDATE chats SET leaf = ?2 WHERE id = ?1").bind(1, chat).bind(2, leaf).run();
}

void ChatStore::removeChat(std::int64_t id) {
    database_.prepare("UPDATE chats SET deleted_at = ?2 WHERE id = ?1")
        .bind(1, id)
        .bind(2, unixNow())
        .run();
}

void ChatStore::restoreChat(std::int64_t id) {
    database_.prepare("UPDATE chats SET deleted_at = NULL WHERE id = ?1").bind(1, id).run();
}

void ChatStore::purge(std::int64_t time) {
    database_.prepare("DELETE FROM chats WHERE deleted_at < ?1").bind(1, time).run();
}

void ChatStore::touch(std::int64_t chat) {
    database_.prepare("UPDATE chats SET updated_at = ?2 WHERE id = ?1")
        .bind(1, chat)
        .bind(2, unixNow())
        .run();
}

std::int64_t ChatStore::addMessage(const MessageRecord& message) {
    Transaction transaction(database_);
    Statement insert = database_.prepare(
        "INSERT INTO messages (chat, parent, round, role, side, state, text, stats, created_at) "
        "VALUES (?1, nullif(?2, 0), ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
    insert.bind(1, message.chat)
        .bind(2, message.parent)
        .bind(3, message.round)
        .bind(4, nameOf(roles, message.role))
        .bind(5, nameOf(sides, message.side))
        .bind(6, nameOf(states, message.state))
        .bind(7, message.text)
        .bind(8, message.stats)
        .bind(9, unixNow())
        .run();
    const std::int64_t id = database_.lastInsertId();
    if (message.round == 0) {
        database_.prepare("UPDATE messages SET round = id WHERE id = ?1").bind(1, id).run();
        setLeaf(message.chat, id);
    }
    touch(message.chat);
    transaction.commit();
    return id;
}

void ChatStore::saveMessage(std::int64_t id, std::string_view text, MessageState state,
                            std::string_view stats) {
    database_.prepare("UPDATE messages SET text = ?2, state = ?3, stats = ?4 WHERE id = ?1")
        .bind(1, id)
        .bind(2, text)
        .bind(3, nameOf(states, state))
        .bind(4, stats)
        .run();
}

MessageRecord ChatStore::message(std::int64_t id) const {
    Statement row = database_.prepare(std::string(messageColumns) + "WHERE id = ?1");
    if (!row.bind(1, id).step())
        missing("message", id);
    return messageAt(row);
}

std::vector<MessageRecord> ChatStore::path(std::int64_t leaf) const {
    std::vector<std::int64_t> rounds;
    for (std::int64_t at = leaf; at != 0; at = message(rounds.back()).parent)
        rounds.push_back(message(at).round);
    std::vector<MessageRecord> messages;
    Statement row = database_.prepare(std::string(messageColumns) +
                                      "WHERE round = ?1 AND deleted_at IS NULL ORDER BY id");
    for (auto round = rounds.rbegin(); round != rounds.rend(); ++round) {
        row.bind(1, *round);
        while (row.step())
            messages.push_back(messageAt(row));
        row.reset();
    }
    return messages;
}

std::vector<std::int64_t> ChatStore::versions(std::int64_t message) const {
    Statement row = database_.prepare(
        "SELECT v.id FROM messages m JOIN messages v ON v.chat = m.chat AND v.role = m.role "
        "AND v.parent IS m.parent AND v.round = v.id AND v.deleted_at IS NULL "
        "WHERE m.id = ?1 ORDER BY v.id");
    std::vector<std::int64_t> ids;
    row.bind(1, message);
    while (row.step())
        ids.push_back(row.integer(0));
    return ids;
}

std::int64_t ChatStore::newestLeaf(std::int64_t message) const {
    Statement row = database_.prepare("SELECT max(id) FROM messages WHERE parent = ?1 "
                                      "AND round = id AND deleted_at IS NULL");
    for (;;) {
        row.bind(1, message).step();
        if (row.isNull(0))
            return message;
        message = row.integer(0);
        row.reset();
    }
}

void ChatStore::removeMessage(std::int64_t id) {
    Transaction transaction(database_);
    const MessageRecord found = message(id);
    database_.prepare("UPDATE messages SET deleted_at = ?2 WHERE round = ?1")
        .bind(1, found.round)
        .bind(2, unixNow())
        .run();
    const std::vector<std::int64_t> left = versions(found.round);
    setLeaf(found.chat, left.empty() ? found.parent : newestLeaf(left.back()));
    transaction.commit();
}

void ChatStore::restoreMessage(std::int64_t id) {
    Transaction transaction(database_);
    const MessageRecord found = message(id);
    database_.prepare("UPDATE messages SET deleted_at = NULL WHERE round = ?1")
        .bind(1, found.round)
        .run();
    setLeaf(found.chat, newestLeaf(found.round));
    transaction.commit();
}

std::vector<ChatHit> ChatStore::search(std::string_view words, int limit) const {
    const std::string query = quotedWords(words);
    if (query.empty())
        return {};
    // U+2068 and U+2069 isolate a run of text and mean nothing on a screen.
    Statement row = database_.prepare(R"(
        SELECT c.id, 0, c.title, highlight(chats_text, 0, char(8296), char(8297)), c.updated_at,
               bm25(chats_text) - 10 AS score
          FROM chats_text JOIN chats c ON c.id = chats_text.rowid
         WHERE chats_text MATCH ?1 AND c.deleted_at IS NULL
        UNION ALL
        SELECT c.id, m.id, c.title, snippet(messages_text, 0, char(8296), char(8297), '…', 12),
               c.updated_at, bm25(messages_text) AS score
          FROM messages_text JOIN messages m ON m.id = messages_text.rowid
                             JOIN chats c ON c.id = m.chat
         WHERE messages_text MATCH ?1 AND c.deleted_at IS NULL AND m.deleted_at IS NULL
         ORDER BY score LIMIT ?2)");
    row.bind(1, query).bind(2, std::int64_t{limit});
    std::vector<ChatHit> hits;
    while (row.step())
        hits.push_back({row.integer(0), row.integer(1), row.text(2), row.text(3), row.integer(4)});
    return hits;
}

std::int64_t ChatStore::recover() {
    database_.execute("UPDATE messages SET state = 'interrupted' WHERE state = 'streaming'");
    Statement changes = database_.prepare("SELECT changes()");
    changes.step();
    return changes.integer(0);
}

} // namespace bwla
