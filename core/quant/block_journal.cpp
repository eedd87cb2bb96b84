// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/block_journal.h"

#include "core/error.h"
#include "core/model/file_writer.h"
#include "core/model/json_text.h"

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace bwla {
namespace {

constexpr const char* reportKey = "report";

/// The folder, which is there now.
std::filesystem::path created(std::filesystem::path folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error)
        throw Error(error == std::errc::no_space_on_device ? ErrorCode::diskFull
                                                           : ErrorCode::writeFailed)
            .in(folder.string())
            .because(error.message());
    return folder;
}

} // namespace

std::filesystem::path BlockJournal::folderOf(const std::filesystem::path& out) {
    // "OUT/" names the same folder as "OUT".
    std::filesystem::path folder = out.has_filename() ? out : out.parent_path();
    folder += ".partial";
    return folder;
}

BlockJournal::BlockJournal(const std::filesystem::path& out, const RunIdentity& run, bool resume,
                           const ModelConfig& config)
    : folder_(created(folderOf(out))), lock_(folder_), config_(config) {
    const std::filesystem::path recipe = folder_ / "recipe.json";
    // A run that ended before it had anything to keep (of a wrong text, say) left nothing to
    // protect.
    const bool begun = std::filesystem::exists(file(0)) || std::filesystem::exists(ranksFile());
    if (begun && std::filesystem::exists(recipe)) {
        const Json stored = readJson(recipe);
        const JsonObject kept(stored, recipe);
        const Json* settings = kept.find("recipe");
        if (!run.covers(settings == nullptr ? "" : settings->dump(),
                        kept.requiredText("recipe_hash")))
            throw Error(ErrorCode::journalMismatch).in(folder_.string());
        if (!resume)
            throw Error(ErrorCode::journalExists).in(folder_.string());
    } else {
        writeFile(recipe, prettyJson({{"recipe", parseJson(run.recipe(), recipe)},
                                      {"recipe_hash", run.hash()}}));
    }
    while (finished_ < config_.layers && std::filesystem::exists(file(finished_)))
        ++finished_;
}

std::filesystem::path BlockJournal::file(std::int64_t layer) const {
    char name[40];
    std::snprintf(name, sizeof name, "block-%05d.safetensors", static_cast<int>(layer));
    return folder_ / name;
}

QuantizedBlock BlockJournal::read(std::int64_t layer) const {
    return readBlock(SafetensorsFile::open(file(layer)), layer, config_);
}

std::string BlockJournal::report(std::int64_t layer) const {
    const auto metadata = SafetensorsFile::open(file(layer)).metadata();
    const auto report = metadata.find(reportKey);
    return report == metadata.end() ? "{}" : report->second;
}

void BlockJournal::write(std::int64_t layer, const QuantizedBlock& block,
                         const std::string& reportJson) {
    writeSafetensors(file(layer), blockTensors(block, layer), {{reportKey, reportJson}});
    finished_ = layer + 1;
}

std::filesystem::path BlockJournal::ranksFile() const {
    return folder_ / "ranks.json";
}

std::optional<RankPlan> BlockJournal::ranks() const {
    if (!std::filesystem::exists(ranksFile()))
        return std::nullopt;
    return rankPlanFromJson(readJson(ranksFile()).dump(), config_.layers, ranksFile().string());
}

void BlockJournal::keepRanks(const RankPlan& plan) const {
    writeFile(ranksFile(), toJson(plan));
}

std::filesystem::path BlockJournal::refinementFile() const {
    return folder_ / "refinement.safetensors";
}

void BlockJournal::remove() const {
    removeFlatFolder(folder_);
}

} // namespace bwla
