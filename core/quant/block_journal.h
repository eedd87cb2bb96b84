// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/journal/journal_files.h"
#include "core/model/folder_lock.h"
#include "core/model/quantized_block.h"
#include "core/quant/rank_budget.h"
#include "core/quant/run_identity.h"

#include <filesystem>
#include <optional>
#include <string>

namespace bwla {

/// The finished blocks of a run, in OUT.partial: recipe.json and one safetensors file a block, each
/// synced and renamed, so that a killed run loses at most the block it was in. May be copied to
/// another machine and resumed there (docs/format.md).
class BlockJournal {
public:
    /// Opens or creates OUT.partial, for itself alone. Throws Error{journalExists} (same recipe
    /// without `resume`), Error{journalMismatch} (another recipe), Error{writeFailed} (also where
    /// another run has it), Error{diskFull, corrupt}.
    BlockJournal(const std::filesystem::path& out, const RunIdentity& run, bool resume,
                 const ModelConfig& config);

    /// Blocks 0 .. finished() - 1 are there.
    [[nodiscard]] std::int64_t finished() const { return finished_; }
    /// Throws what readBlock and SafetensorsFile::open throw.
    [[nodiscard]] QuantizedBlock read(std::int64_t layer) const;
    [[nodiscard]] std::string report(std::int64_t layer) const; ///< JSON kept beside the block
    /// layer == finished(). Throws Error{writeFailed, diskFull}.
    void write(std::int64_t layer, const QuantizedBlock& block, const std::string& reportJson);
    /// The run's ranks by budget, once they are found; nothing before. Throws Error{corrupt}.
    [[nodiscard]] std::optional<RankPlan> ranks() const;
    void keepRanks(const RankPlan& plan) const; ///< Throws Error{writeFailed, diskFull}.
    /// Where an unfinished refinement keeps its state.
    [[nodiscard]] std::filesystem::path refinementFile() const { return files_.refinement(); }
    /// Deletes the journal, once the artifact is in place. A leftover does no harm: OUT is found
    /// first.
    void remove() const;

private:
    JournalFiles files_;
    FolderLock lock_;
    const ModelConfig& config_;
    std::int64_t finished_ = 0;
};

} // namespace bwla
