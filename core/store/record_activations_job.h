// SPDX-License-Identifier: GPL-3.0-or-later
//
// Activations of a quantized model that were not recorded while it was made: the original writes
// a text, as for calibration, the quantized model reads it unrounded, and what goes into every
// group is kept as a traced run would have (GroupActivations).
#pragma once

#include "core/job/job.h"
#include "kernels/backend.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace bwla {

struct RecordActivationsSettings {
    std::string original; ///< path
    std::string artifact; ///< path, absolute: what the records are found by
    std::filesystem::path database;
    std::int64_t tokens = 256; ///< of the text; at most the model's context
};

struct RecordActivationsEvent {
    Progress progress; ///< phase "write" (the original) or "read" (the quantized model)
};

struct RecordActivationsResult {
    std::int64_t tokens = 0;
    std::int64_t groups = 0; ///< recorded; those kept in float are not
};

/// All records are stored at the end, or none. Throws what opening models and the store throws.
class RecordActivationsJob
    : public Job<RecordActivationsSettings, RecordActivationsEvent, RecordActivationsResult> {
public:
    /// A backend that reads back what it computes between verbs: the processor's.
    using BackendMaker = std::function<std::unique_ptr<Backend>()>;
    explicit RecordActivationsJob(BackendMaker makeBackend)
        : makeBackend_(std::move(makeBackend)) {}
    RecordActivationsResult run(const RecordActivationsSettings& settings,
                                const Sink<RecordActivationsEvent>& sink,
                                std::stop_token stop) override;

private:
    BackendMaker makeBackend_;
};

} // namespace bwla
