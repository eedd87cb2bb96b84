// SPDX-License-Identifier: GPL-3.0-or-later
//
// The study: what each part of the method is worth, in one table that anybody can make again. Every
// row is a quantization with one thing changed; all rows have the same text, the same accounting of
// bits and the same evaluation.
#pragma once

#include "core/eval/eval_job.h"
#include "core/quant/quantize_job.h"
#include "core/study/study_measurement.h"
#include "core/study/study_rows.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

namespace bwla {

struct StudySettings {
    QuantizeSettings base; ///< model, calibration, tokens, device, threads; rows change the rest
    std::filesystem::path folder; ///< of measurements; an artifact is in it while it is measured
    std::vector<StudyRow> rows;
    int seeds = 1;     ///< of rows that draw a rotation: base.seed, base.seed + 1, ...
    EvalSettings eval; ///< text, protocol, windows; activation bits are studyActivationBits
    bool keepArtifacts = false;
};

struct StudyEvent {
    Progress progress; ///< of the whole study; step = row and what it is doing
    const StudyMeasurement* finished = nullptr; ///< valid during the call
};

struct StudyResult {
    std::vector<StudyMeasurement> measurements; ///< rows in order, seeds in order
    std::int64_t resumed = 0;                   ///< of them from files of earlier runs
};

/// What the folder holds of any row and seed, measured as `settings` says: rows in the order of the
/// table, seeds ascending. Throws Error{corrupt}.
[[nodiscard]] std::vector<StudyMeasurement> keptMeasurements(const StudySettings& settings);

/// Measures row after row, each kept in a file when it is whole: a stopped study goes on there, and
/// measurements of another recipe are made again. Throws what QuantizeJob and EvalJob throw.
class StudyJob : public Job<StudySettings, StudyEvent, StudyResult> {
public:
    using BackendMaker = std::function<std::unique_ptr<Backend>()>;
    using QuantizerMaker = std::function<std::unique_ptr<QuantizeJob>()>;
    /// The quantizer is made when the first row needs it.
    StudyJob(BackendMaker makeBackend, QuantizerMaker makeQuantizer)
        : makeBackend_(std::move(makeBackend)), makeQuantizer_(std::move(makeQuantizer)) {}

    StudyResult run(const StudySettings& settings, const Sink<StudyEvent>& sink,
                    std::stop_token stop) override;

private:
    BackendMaker makeBackend_;
    QuantizerMaker makeQuantizer_;
};

} // namespace bwla
