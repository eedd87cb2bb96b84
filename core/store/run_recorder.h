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

    [[nodiscard]] std::int64_t run() const { return run_.id; } ///< 0 = not recorded
    [[nodiscard]] const std::optional<Error>& problem() const { return problem_; }
    void hear(const QuantizeEvent& event);
    /// Call last. A run without a finished block is forgotten.
    void finish(const Outcome<QuantizeResult>& outcome);

private:
    template<class Work>
    void attempt(const Work& work);
    void keepRound(const FitMoment& moment);
    void flushRounds();

    std::optional<Database> database_;
    std::optional<RunStore> store_;
    std::optional<Error> problem_;
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
