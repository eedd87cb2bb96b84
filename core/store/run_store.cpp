// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/store/run_store.h"

#include <array>

namespace bwla {
namespace {

constexpr std::array<const char*, 4> stateNames{"running", "finished", "cancelled", "failed"};

const char* nameOf(RunState state) {
    return stateNames.at(static_cast<std::size_t>(state));
}

RunState stateOf(const std::string& name) {
    for (std::size_t i = 0; i < stateNames.size(); ++i)
        if (name == stateNames.at(i))
            return static_cast<RunState>(i);
    return RunState::failed;
}

constexpr std::string_view columns =
    "SELECT id, model_path, out_path, preset, recipe, command, state, error, started_at, seconds, "
    "peak_rss_bytes, bits_linear, quality FROM runs ";

RunRecord recordOf(const Statement& s) {
    return {.id = s.integer(0),
            .modelPath = s.text(1),
            .outPath = s.text(2),
            .preset = s.text(3),
            .recipe = s.text(4),
            .command = s.text(5),
            .state = stateOf(s.text(6)),
            .error = s.text(7),
            .startedAt = s.integer(8),
            .seconds = s.real(9),
            .peakRssBytes = s.integer(10),
            .bitsLinear = s.real(11),
            .quality = s.text(12)};
}

std::string selecting(std::string_view rest) {
    return std::string(columns) + std::string(rest);
}

} // namespace

std::int64_t RunStore::begin(const RunRecord& run) {
    if (const auto before = findByOutput(run.outPath);
        before && before->recipe == run.recipe && before->state != RunState::finished) {
        database_.prepare("UPDATE runs SET state = 'running', error = NULL WHERE id = ?1")
            .bind(1, before->id)
            .run();
        return before->id;
    }
    database_
        .prepare(
            "INSERT INTO runs (model_path, out_path, preset, recipe, command, state, started_at) "
            "VALUES (?1, ?2, ?3, ?4, ?5, 'running', ?6)")
        .bind(1, run.modelPath)
        .bind(2, run.outPath)
        .bind(3, run.preset)
        .bind(4, run.recipe)
        .bind(5, run.command)
        .bind(6, run.startedAt != 0 ? run.startedAt : unixNow())
        .run();
    return database_.lastInsertId();
}

void RunStore::finish(const RunRecord& run) {
    database_
        .prepare("UPDATE runs SET state = ?2, error = ?3, seconds = ?4, peak_rss_bytes = ?5, "
                 "bits_linear = ?6 WHERE id = ?1")
        .bind(1, run.id)
        .bind(2, std::string_view(nameOf(run.state)))
        .bind(3, run.error)
        .bind(4, run.seconds)
        .bind(5, run.peakRssBytes)
        .bind(6, run.bitsLinear)
        .run();
}

void RunStore::setQuality(std::int64_t run, const std::string& json) {
    database_.prepare("UPDATE runs SET quality = ?2 WHERE id = ?1")
        .bind(1, run)
        .bind(2, json)
        .run();
}

void RunStore::remove(std::int64_t run) {
    database_.prepare("DELETE FROM runs WHERE id = ?1").bind(1, run).run();
}

std::vector<RunRecord> RunStore::list() const {
    std::vector<RunRecord> runs;
    Statement statement = database_.prepare(selecting("ORDER BY id DESC"));
    while (statement.step())
        runs.push_back(recordOf(statement));
    return runs;
}

std::optional<RunRecord> RunStore::find(std::int64_t run) const {
    Statement statement = database_.prepare(selecting("WHERE id = ?1"));
    statement.bind(1, run);
    return statement.step() ? std::optional(recordOf(statement)) : std::nullopt;
}

std::optional<RunRecord> RunStore::findByOutput(const std::string& outPath) const {
    Statement statement =
        database_.prepare(selecting("WHERE out_path = ?1 ORDER BY id DESC LIMIT 1"));
    statement.bind(1, outPath);
    return statement.step() ? std::optional(recordOf(statement)) : std::nullopt;
}

void RunStore::putBlock(std::int64_t run, const BlockReport& report) {
    database_
        .prepare("INSERT INTO run_blocks VALUES (?1, ?2, ?3) "
                 "ON CONFLICT DO UPDATE SET report = ?3")
        .bind(1, run)
        .bind(2, report.block)
        .bind(3, toJson(report))
        .run();
}

std::vector<BlockReport> RunStore::blocks(std::int64_t run) const {
    std::vector<BlockReport> reports;
    Statement statement =
        database_.prepare("SELECT report FROM run_blocks WHERE run = ?1 ORDER BY block");
    statement.bind(1, run);
    while (statement.step())
        reports.push_back(blockReportFromJson(statement.text(0)));
    return reports;
}

namespace {

void putGroupBlob(Database& database, const std::string& column, std::int64_t run,
                  std::int64_t block, GroupKind kind, std::span<const std::byte> bytes) {
    database
        .prepare("INSERT INTO run_groups (run, block, kind, " + column +
                 ") VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET " + column + " = ?4")
        .bind(1, run)
        .bind(2, block)
        .bind(3, static_cast<std::int64_t>(kind))
        .bind(4, bytes)
        .run();
}

std::vector<std::byte> groupBlob(Database& database, const char* column, std::int64_t run,
                                 std::int64_t block, GroupKind kind) {
    Statement statement =
        database.prepare(std::string("SELECT ") + column +
                         " FROM run_groups WHERE run = ?1 AND block = ?2 AND kind = ?3");
    statement.bind(1, run).bind(2, block).bind(3, static_cast<std::int64_t>(kind));
    return statement.step() ? statement.blob(0) : std::vector<std::byte>();
}

} // namespace

void RunStore::putRounds(std::int64_t run, std::int64_t block, GroupKind kind,
                         const FitRounds& rounds) {
    putGroupBlob(database_, "rounds", run, block, kind, toBytes(rounds));
}

void RunStore::putActivations(std::int64_t run, std::int64_t block, GroupKind kind,
                              const ActivationRecord& record) {
    putGroupBlob(database_, "activations", run, block, kind, toBytes(record));
}

std::optional<FitRounds> RunStore::rounds(std::int64_t run, std::int64_t block,
                                          GroupKind kind) const {
    const auto bytes = groupBlob(database_, "rounds", run, block, kind);
    return bytes.empty() ? std::nullopt : std::optional(fitRoundsFromBytes(bytes));
}

std::optional<ActivationRecord> RunStore::activations(std::int64_t run, std::int64_t block,
                                                      GroupKind kind) const {
    const auto bytes = groupBlob(database_, "activations", run, block, kind);
    return bytes.empty() ? std::nullopt : std::optional(activationRecordFromBytes(bytes));
}

void RunStore::putFolderActivations(const FolderKey& folder, std::int64_t block, GroupKind kind,
                                    const ActivationRecord& record) {
    const std::vector<std::byte> bytes = toBytes(record);
    database_
        .prepare("INSERT INTO folder_activations VALUES (?1, ?2, ?3, ?4, ?5) "
                 "ON CONFLICT DO UPDATE SET recipe_hash = ?2, activations = ?5")
        .bind(1, folder.path)
        .bind(2, folder.recipeHash)
        .bind(3, block)
        .bind(4, static_cast<std::int64_t>(kind))
        .bind(5, bytes)
        .run();
}

std::optional<ActivationRecord>
RunStore::folderActivations(const FolderKey& folder, std::int64_t block, GroupKind kind) const {
    Statement statement =
        database_.prepare("SELECT activations FROM folder_activations WHERE path = ?1 AND "
                          "recipe_hash = ?2 AND block = ?3 AND kind = ?4");
    statement.bind(1, folder.path).bind(2, folder.recipeHash).bind(3, block);
    statement.bind(4, static_cast<std::int64_t>(kind));
    return statement.step() ? std::optional(activationRecordFromBytes(statement.blob(0)))
                            : std::nullopt;
}

} // namespace bwla
