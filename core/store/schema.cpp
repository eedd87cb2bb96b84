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

constexpr std::array migrations{settingsAndRuns};

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
