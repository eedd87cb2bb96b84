// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/store/schema.h"

#include "core/error.h"
#include "core/store/database.h"

#include <array>

namespace bwla {
namespace {

constexpr const char* settingsAndRuns = R"(
CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- A quantization; state: running, finished, cancelled, failed.
CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    model_path TEXT NOT NULL,
    out_path TEXT NOT NULL,
    preset TEXT NOT NULL,
    recipe TEXT NOT NULL,           -- recipeJson
    command TEXT NOT NULL,          -- the bwla command line that repeats it
    state TEXT NOT NULL,
    error TEXT,
    started_at INTEGER NOT NULL,    -- seconds since 1970
    seconds REAL,
    peak_rss_bytes INTEGER,
    bits_linear REAL,
    quality TEXT                    -- JSON of the quick evaluation
);
CREATE INDEX runs_by_out ON runs (out_path);

CREATE TABLE run_blocks (
    run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    block INTEGER NOT NULL,
    report TEXT NOT NULL,           -- BlockReport as JSON
    PRIMARY KEY (run, block)
) WITHOUT ROWID;

-- What Inspect draws: the rounds of a group's fit and its activations (layout: fit_record.h).
CREATE TABLE run_groups (
    run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    block INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    rounds BLOB,
    activations BLOB,
    PRIMARY KEY (run, block, kind)
);
)";

constexpr const char* chatsAndMessages = R"(
CREATE TABLE chats (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    original_path TEXT NOT NULL,
    quantized_path TEXT NOT NULL,
    settings TEXT NOT NULL,         -- JSON: system prompt, sampling, stop strings, template
    leaf INTEGER NOT NULL,          -- last message of the branch in view, 0 = none
    context_from INTEGER NOT NULL,  -- the models read from this message on, 0 = from the first
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER              -- in the bin since
);

-- A tree: an answer's parent is the message it answers, a message's parent the answer before it.
CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    chat INTEGER NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
    parent INTEGER REFERENCES messages (id) ON DELETE CASCADE,
    round INTEGER NOT NULL,         -- the first of the answers given side by side
    role TEXT NOT NULL,             -- user, assistant
    side TEXT NOT NULL,             -- both, original, quantized
    state TEXT NOT NULL,            -- streaming, done, stopped, failed, interrupted
    text TEXT NOT NULL,
    stats TEXT NOT NULL,            -- JSON: speeds, tokens, divergence
    created_at INTEGER NOT NULL,
    deleted_at INTEGER
);
CREATE INDEX messages_by_parent ON messages (chat, parent);
CREATE INDEX messages_by_round ON messages (round);

CREATE VIRTUAL TABLE chats_text USING fts5 (title, content='chats', content_rowid='id');
CREATE TRIGGER chats_text_add AFTER INSERT ON chats BEGIN
    INSERT INTO chats_text (rowid, title) VALUES (new.id, new.title);
END;
CREATE TRIGGER chats_text_drop AFTER DELETE ON chats BEGIN
    INSERT INTO chats_text (chats_text, rowid, title) VALUES ('delete', old.id, old.title);
END;
CREATE TRIGGER chats_text_change AFTER UPDATE OF title ON chats BEGIN
    INSERT INTO chats_text (chats_text, rowid, title) VALUES ('delete', old.id, old.title);
    INSERT INTO chats_text (rowid, title) VALUES (new.id, new.title);
END;

CREATE VIRTUAL TABLE messages_text USING fts5 (text, content='messages', content_rowid='id');
CREATE TRIGGER messages_text_add AFTER INSERT ON messages BEGIN
    INSERT INTO messages_text (rowid, text) VALUES (new.id, new.text);
END;
CREATE TRIGGER messages_text_drop AFTER DELETE ON messages BEGIN
    INSERT INTO messages_text (messages_text, rowid, text) VALUES ('delete', old.id, old.text);
END;
CREATE TRIGGER messages_text_change AFTER UPDATE OF text ON messages BEGIN
    INSERT INTO messages_text (messages_text, rowid, text) VALUES ('delete', old.id, old.text);
    INSERT INTO messages_text (rowid, text) VALUES (new.id, new.text);
END;
)";

constexpr const char* models = R"(
CREATE TABLE models (
    path TEXT PRIMARY KEY,
    opened INTEGER NOT NULL DEFAULT 0,   -- named by the user, listed wherever it lies
    hidden INTEGER NOT NULL DEFAULT 0,   -- removed from the list
    last_used INTEGER NOT NULL DEFAULT 0 -- seconds since 1970
) WITHOUT ROWID;
CREATE TABLE model_folders (path TEXT PRIMARY KEY) WITHOUT ROWID;
)";

// Recorded when somebody looked, not while the run was made.
constexpr const char* folderActivations = R"(
CREATE TABLE folder_activations (
    path TEXT NOT NULL,             -- of the quantized model, absolute
    recipe_hash TEXT NOT NULL,      -- of its recipe: another model may come to lie there
    block INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    activations BLOB NOT NULL,      -- as in run_groups
    PRIMARY KEY (path, block, kind)
);
)";

constexpr std::array migrations{settingsAndRuns, chatsAndMessages, models, folderActivations};

} // namespace

void migrate(Database& database) {
    Statement version = database.prepare("PRAGMA user_version");
    version.step();
    const std::int64_t found = version.integer(0);
    const auto known = static_cast<std::int64_t>(migrations.size());
    if (found > known)
        throw Error(ErrorCode::unsupportedVersion)
            .in(database.file().string())
            .got(found)
            .wanted(known);
    version.reset();
    for (std::int64_t next = found; next < known; ++next) {
        Transaction transaction(database);
        database.execute(migrations.at(static_cast<std::size_t>(next)));
        database.execute("PRAGMA user_version = " + std::to_string(next + 1));
        transaction.commit();
    }
}

} // namespace bwla
