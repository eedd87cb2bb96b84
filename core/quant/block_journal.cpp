// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/block_journal.h"

#include "core/error.h"
#include "core/model/file_writer.h"
#include "core/model/json_text.h"

namespace bwla {
namespace {

constexpr const char* reportKey = "report";

} // namespace

BlockJournal::BlockJournal(const std::filesystem::path& out, const RunIdentity& run, bool resume,
                           const ModelConfig& config)
    : files_(out), lock_(madeFolder(files_.folder())), config_(config) {
    const std::filesystem::path recipe = files_.recipe();
    // A run that ended before it had anything to keep (of a wrong text, say) left nothing to
    // protect.
    const bool begun =
        std::filesystem::exists(files_.block(0)) || std::filesystem::exists(files_.ranks());
    if (begun && std::filesystem::exists(recipe)) {
        const Json stored = readJson(recipe);
        const JsonObject kept(stored, recipe);
        const Json* settings = kept.find("recipe");
        if (!run.covers(settings == nullptr ? "" : settings->dump(),
                        kept.requiredText("recipe_hash")))
            throw Error(ErrorCode::journalMismatch).in(files_.folder().string());
        if (!resume)
            throw Error(ErrorCode::journalExists).in(files_.folder().string());
    } else {
        writeFile(recipe, prettyJson({{"recipe", parseJson(run.recipe(), recipe)},
                                      {"recipe_hash", run.hash()}}));
    }
    while (finished_ < config_.layers && std::filesystem::exists(files_.block(finished_)))
        ++finished_;
}

QuantizedBlock BlockJournal::read(std::int64_t layer) const {
    return readBlock(SafetensorsFile::open(files_.block(layer)), layer, config_);
}

std::string BlockJournal::report(std::int64_t layer) const {
    const auto metadata = SafetensorsFile::open(files_.block(layer)).metadata();
    const auto report = metadata.find(reportKey);
    return report == metadata.end() ? "{}" : report->second;
}

void BlockJournal::write(std::int64_t layer, const QuantizedBlock& block,
                         const std::string& reportJson) {
    writeSafetensors(files_.block(layer), blockTensors(block, layer), {{reportKey, reportJson}});
    finished_ = layer + 1;
}

std::optional<RankPlan> BlockJournal::ranks() const {
    if (!std::filesystem::exists(files_.ranks()))
        return std::nullopt;
    return rankPlanFromJson(readJson(files_.ranks()).dump(), config_.layers,
                            files_.ranks().string());
}

void BlockJournal::keepRanks(const RankPlan& plan) const {
    writeFile(files_.ranks(), toJson(plan));
}

void BlockJournal::remove() const {
    removeFlatFolder(files_.folder());
}

} // namespace bwla
