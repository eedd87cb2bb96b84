// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/quant/block_report.h"
#include "core/store/database.h"
#include "core/store/fit_record.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace bwla {

enum class RunState : std::uint8_t { running, finished, cancelled, failed };

/// One quantization, from the window or the command line.
struct RunRecord {
    std::int64_t id = 0;
    std::string modelPath; ///< absolute
    std::string outPath;   ///< absolute
    std::string preset;
    std::string recipe;  ///< recipeJson
    std::string command; ///< the bwla command line that repeats it
    RunState state = RunState::running;
    std::string error;          ///< the sentence, when failed
    std::int64_t startedAt = 0; ///< seconds since 1970
    double seconds = std::numeric_limits<double>::quiet_NaN();
    std::int64_t peakRssBytes = 0;
    double bitsLinear = std::numeric_limits<double>::quiet_NaN();
    std::string quality; ///< JSON of the quick evaluation, "" = none
};

/// A quantized model that lies in a folder, whoever made it.
struct FolderKey {
    std::string path;       ///< absolute
    std::string recipeHash; ///< Artifact::recipeHash()
};

/// Runs and what Inspect needs of them. Deleting a run deletes its blocks and records.
class RunStore {
public:
    explicit RunStore(Database& database) : database_(database) {}

    /// Adds a run in state running and returns its id. A run of the same recipe to the same folder
    /// that did not finish is taken up again instead, with what it recorded.
    std::int64_t begin(const RunRecord& run);
    /// Writes state, error, seconds, peakRssBytes, bitsLinear of run.id.
    void finish(const RunRecord& run);
    void setQuality(std::int64_t run, const std::string& json);
    void remove(std::int64_t run);

    [[nodiscard]] std::vector<RunRecord> list() const; ///< newest first
    [[nodiscard]] std::optional<RunRecord> find(std::int64_t run) const;
    /// The newest run that wrote, or is writing, this folder.
    [[nodiscard]] std::optional<RunRecord> findByOutput(const std::string& outPath) const;

    void putBlock(std::int64_t run, const BlockReport& report);
    [[nodiscard]] std::vector<BlockReport> blocks(std::int64_t run) const; ///< by block
    void putRounds(std::int64_t run, std::int64_t block, GroupKind kind, const FitRounds& rounds);
    void putActivations(std::int64_t run, std::int64_t block, GroupKind kind,
                        const ActivationRecord& record);
    /// Nothing where the run did not record it.
    [[nodiscard]] std::optional<FitRounds> rounds(std::int64_t run, std::int64_t block,
                                                  GroupKind kind) const;
    [[nodiscard]] std::optional<ActivationRecord> activations(std::int64_t run, std::int64_t block,
                                                              GroupKind kind) const;
    /// What RecordActivationsJob found later, of a folder.
    void putFolderActivations(const FolderKey& folder, std::int64_t block, GroupKind kind,
                              const ActivationRecord& record);
    [[nodiscard]] std::optional<ActivationRecord>
    folderActivations(const FolderKey& folder, std::int64_t block, GroupKind kind) const;

private:
    Database& database_;
};

} // namespace bwla
