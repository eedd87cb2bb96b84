// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/quant/quantize_job.h"
#include "core/store/run_store.h"

#include <filesystem>

namespace bwla {

/// Writes a quantization into the store while it runs. It has a connection of its own and belongs
/// to the job's thread, which calls hear() for every event; the window reads through another
/// connection.
class RunRecorder {
public:
    /// Adds (or takes up again) the run. `command` repeats it. Throws what Database throws.
    RunRecorder(const std::filesystem::path& databaseFile, const QuantizeSettings& settings,
                std::string command);

    [[nodiscard]] std::int64_t run() const { return run_.id; }
    void hear(const QuantizeEvent& event);
    /// Call last.
    void finish(const Outcome<QuantizeResult>& outcome);

private:
    void keepRound(const FitMoment& moment);
    void flushRounds();

    Database database_;
    RunStore store_;
    RunRecord run_;
    FitRounds rounds_; ///< of the group in work
    std::int64_t block_ = -1;
    GroupKind kind_ = GroupKind::attnIn;
};

/// Runs `job` and records it: what the window and the command line call.
[[nodiscard]] Outcome<QuantizeResult>
runRecorded(QuantizeJob& job, QuantizeSettings settings, const std::filesystem::path& databaseFile,
            const std::string& command, const Sink<QuantizeEvent>& sink, std::stop_token stop);

} // namespace bwla
