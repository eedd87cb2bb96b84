// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/study/study_job.h"

#include "core/model/file_writer.h"
#include "core/model/json_text.h"
#include "core/model/open_model.h"

namespace bwla {
namespace {

/// Quantizing takes most of a row's time: 5 minutes against one for the evaluation, on 2 cores.
constexpr double quantizingShare = 0.8;

struct Task {
    StudyRow row;
    QuantizeSettings settings;
    std::string recipe;

    [[nodiscard]] std::string name() const {
        return std::string(row.name) + ", seed " + std::to_string(settings.seed);
    }
};

std::string recipeOf(const QuantizeSettings& quantize, const EvalSettings& eval) {
    return prettyJson({{"quantize", Json::parse(recipeJson(quantize))},
                       {"model", quantize.modelPath},
                       {"calibration", quantize.calibration},
                       {"text", eval.text.string()},
                       {"protocol", protocolName(eval.protocol)},
                       {"windows", eval.windows}});
}

Task taskOf(const StudySettings& settings, const StudyRow& row, std::uint64_t seed) {
    Task task{row, settings.base, {}};
    row.change(task.settings);
    task.settings.seed = seed;
    task.settings.outputPath =
        (settings.folder / (std::string(row.name) + "-s" + std::to_string(seed))).string();
    task.recipe = recipeOf(task.settings, settings.eval);
    return task;
}

std::vector<Task> tasksOf(const StudySettings& settings) {
    std::vector<Task> tasks;
    for (const StudyRow& row : settings.rows)
        for (int i = 0; i < (dependsOnSeed(row) ? settings.seeds : 1); ++i)
            tasks.push_back(
                taskOf(settings, row, settings.base.seed + static_cast<std::uint64_t>(i)));
    return tasks;
}

std::optional<StudyMeasurement> keptOf(const StudySettings& settings, const Task& task) {
    return keptMeasurement(settings.folder, std::string(task.row.name), task.settings.seed,
                           task.recipe);
}

/// Measures one task; `report` hears the share that is done, 0 to 1, and what is being done.
class Measuring {
public:
    Measuring(const Task& task, std::stop_token stop,
              std::function<void(double, const std::string&)> report)
        : task_(task), stop_(std::move(stop)), report_(std::move(report)) {
        result_.row = task.row.name;
        result_.seed = task.settings.seed;
        result_.recipe = task.recipe;
    }

    void quantize(QuantizeJob& job) {
        removeFlatFolder(task_.settings.outputPath); // of a run that was stopped in its evaluation
        QuantizeSettings settings = task_.settings;
        settings.resume = true;
        const auto sink = [&](const QuantizeEvent& event) {
            report_(quantizingShare * event.progress.fraction, event.progress.phase);
        };
        const QuantizeResult result = job.run(settings, sink, stop_);
        result_.bitsPerWeight = result.ledger.bitsPerWeight();
        result_.seconds = result.seconds;
        result_.blocks = result.blocks;
    }

    void evaluate(Backend& backend, EvalSettings settings) {
        OpenModel model(task_.settings.outputPath);
        const Tokenizer tokenizer(model.tokenizer());
        Transformer transformer(backend, model.weights(WeightKind::f16), {}, stop_);
        EvalJob job(transformer, tokenizer);
        for (std::size_t i = 0; i < studyActivationBits.size(); ++i) {
            settings.activationBits = studyActivationBits[i];
            const auto sink = [&](const EvalEvent& event) {
                const double part = (static_cast<double>(i) + event.progress.fraction) /
                                    static_cast<double>(studyActivationBits.size());
                report_(quantizingShare + (1.0 - quantizingShare) * part, "perplexity");
            };
            result_.perplexity[i] = job.run(settings, sink, stop_).perplexity->perplexity;
        }
    }

    [[nodiscard]] const StudyMeasurement& result() const { return result_; }

private:
    const Task& task_;
    std::stop_token stop_;
    std::function<void(double, const std::string&)> report_;
    StudyMeasurement result_;
};

} // namespace

std::vector<StudyMeasurement> keptMeasurements(const StudySettings& settings) {
    std::vector<StudyMeasurement> all;
    for (const StudyRow& row : studyRows())
        for (const std::uint64_t seed : keptSeeds(settings.folder, std::string(row.name)))
            if (auto kept = keptOf(settings, taskOf(settings, row, seed)))
                all.push_back(std::move(*kept));
    return all;
}

StudyResult StudyJob::run(const StudySettings& settings, const Sink<StudyEvent>& sink,
                          std::stop_token stop) {
    const std::vector<Task> tasks = tasksOf(settings);
    (void)readEvaluationText(settings.eval.text, settings.eval.protocol,
                             settings.eval.form); // now, not after a row
    std::filesystem::create_directories(settings.folder);
    const auto send = [&](double done, const std::string& step, const StudyMeasurement* finished) {
        StudyEvent event;
        event.finished = finished;
        event.progress.phase = "study";
        event.progress.step = step;
        event.progress.fraction = done / static_cast<double>(tasks.size());
        if (sink)
            sink(event);
    };
    StudyResult result;
    std::unique_ptr<QuantizeJob> quantizer;
    std::unique_ptr<Backend> backend;
    for (const Task& task : tasks) {
        throwIfStopped(stop);
        const auto before = static_cast<double>(result.measurements.size());
        auto kept = keptOf(settings, task);
        if (kept) {
            ++result.resumed;
        } else {
            if (quantizer == nullptr) {
                quantizer = makeQuantizer_();
                backend = makeBackend_();
            }
            Measuring measuring(task, stop, [&](double share, const std::string& what) {
                send(before + share, task.name() + ": " + what, nullptr);
            });
            measuring.quantize(*quantizer);
            measuring.evaluate(*backend, settings.eval);
            keepMeasurement(settings.folder, measuring.result());
            if (!settings.keepArtifacts)
                removeFlatFolder(task.settings.outputPath);
            kept = measuring.result();
        }
        result.measurements.push_back(std::move(*kept));
        send(before + 1.0, task.name(), &result.measurements.back());
    }
    return result;
}

} // namespace bwla
