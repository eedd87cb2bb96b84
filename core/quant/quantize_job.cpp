// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/error.h"
#include "core/eval/golden_probe.h"
#include "core/job/eta.h"
#include "core/model/artifact_writer.h"
#include "core/model/json_text.h"
#include "core/model/kept_group.h"
#include "core/quant/activation_survey.h"
#include "core/quant/block_journal.h"
#include "core/quant/calibration.h"
#include "core/quant/group_quantizer.h"
#include "core/quant/group_report.h"
#include "core/quant/rank_survey.h"
#include "core/quant/refine_journal.h"
#include "core/quant/torch_quantize_job.h"
#include "core/quant/torch_runtime.h"
#include "core/quant/two_streams.h"
#include "kernels/backend.h"

#include <chrono>
#include <cmath>
#include <optional>

namespace bwla {
namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

// Shares of a run, measured with preset fast on the default model (docs/measurements.md); the bar
// only.
constexpr double selfShare = 0.15, surveyShare = 0.15;
constexpr double writeShare = 0.02;
// Seconds of the closed form, 2 cores and one H200, a weight of the model.
constexpr double fitSecondsCpu = 250.0 / 134.5e6, fitSecondsGpu = 40.0 / 134.5e6;
constexpr int stepsPerGroup = 6;

/// One run. Work is private to it; events go out through `sink`.
class Run {
public:
    Run(const QuantizeSettings& settings, const Sink<QuantizeEvent>& sink, std::stop_token stop)
        : settings_(settings), sink_(sink), stop_(std::move(stop)) {}

    QuantizeResult run() {
        const auto start = Clock::now();
        validate(settings_);
        useTorch(settings_.threads, settings_.device);
        if (Artifact::isArtifact(settings_.modelPath))
            throw Error(ErrorCode::badArgument)
                .because(settings_.modelPath +
                         " is quantized already. Choose the original model instead.");
        model_ = ModelSource::open(settings_.modelPath);
        settings_.inFloat.check(model_->config().layers);
        checkRankBudget(model_->config(), settings_);
        run_.emplace(recipeJson(settings_), model_->fingerprint(), calibrationIdentity(settings_));
        if (!std::filesystem::exists(settings_.outputPath))
            quantize();
        else
            verifyFinished();
        result_.out = settings_.outputPath;
        const auto artifact = Artifact::open(settings_.outputPath);
        result_.ledger = artifact->ledger();
        result_.layers = model_->config().layers;
        result_.seconds = secondsSince(start);
        result_.peakRssBytes = peakRssBytes();
        return result_;
    }

private:
    /// OUT is there: only --resume of the same recipe may go on, and has nothing left to do.
    void verifyFinished() {
        if (!settings_.resume)
            throw Error(ErrorCode::alreadyExists).in(settings_.outputPath);
        const auto artifact = Artifact::open(settings_.outputPath);
        const Json config = parseJson(artifact->quantizationConfig(), artifact->path());
        if (!run_->covers(config.value("recipe", Json()).dump(), artifact->recipeHash()))
            throw Error(ErrorCode::alreadyExists)
                .in(settings_.outputPath)
                .because("made with other settings or from another model");
        (void)verifyArtifact(*artifact, *makeCpuBackend({settings_.threads}));
        result_.layersResumed = model_->config().layers;
    }

    void quantize() {
        BlockJournal journal(settings_.outputPath, *run_, settings_.resume, model_->config());
        const std::int64_t layers = model_->config().layers;
        result_.layersResumed = journal.finished();
        ArtifactDescription description{.activationBits = settings_.activationBits,
                                        .recipeJson = run_->recipe(),
                                        .recipeHash = run_->hash(),
                                        .calibration = run_->calibration(),
                                        .calibrationTokens = settings_.tokens};
        if (journal.finished() < layers)
            description.calibrationTokens = fitBlocks(journal);
        else
            for (std::int64_t layer = 0; layer < layers; ++layer)
                result_.blocks.push_back(blockReportFromJson(journal.report(layer)));
        std::optional<RefinedModel> refined;
        if (settings_.refinement != Refinement::none)
            refined = refine(journal);
        if (settings_.activationBudget > 0.0) {
            if (!refined)
                refined = closedForm(journal, *model_);
            description.groupBits = activationsByBudget(*refined);
            // For readers that do not know groups.
            description.activationBits = static_cast<int>(std::lround(settings_.activationBudget));
        }
        if (refined)
            description.finalNorm = refined->finalNorm;
        report("write", "", 1.0 - writeShare);
        const auto block = [&](std::int64_t layer) {
            return refined ? refined->blocks[static_cast<std::size_t>(layer)] : journal.read(layer);
        };
        writeArtifact(settings_.outputPath, *model_, description, block, probeMaker());
        journal.remove();
        report("done", "", 1.0);
    }

    RefinedModel refine(const BlockJournal& journal) {
        block_ = -1;
        const double textEnd = fitEnd() + 0.1 * (1.0 - writeShare - fitEnd());
        const double klStart =
            settings_.reconstructEpochs > 0 ? textEnd + 0.05 * (1.0 - textEnd) : textEnd;
        const RefinementEvents events{
            [&](double share) { report("text", "", fitEnd() + share * (textEnd - fitEnd())); },
            [&](const KlPoint& point) {
                const double done =
                    static_cast<double>(point.tokens) / static_cast<double>(point.of);
                lastProgress_ =
                    progressAt("refine", "", klStart + done * (1.0 - writeShare - klStart));
                lastProgress_.etaSeconds =
                    static_cast<double>(point.of - point.tokens) / point.tokensPerSecond;
                lastProgress_.etaSpreadSeconds = 0.1 * lastProgress_.etaSeconds;
                result_.refinement.push_back(point);
                QuantizeEvent event{.progress = lastProgress_};
                event.refined = &point;
                sink_(event);
            },
            [&](const ReconstructedBlock& block) {
                const double done =
                    static_cast<double>(block.block + 1) / static_cast<double>(block.of);
                lastProgress_ = progressAt("reconstruct", "", textEnd + done * (klStart - textEnd));
                lastProgress_.block = block.block;
                lastProgress_.etaSeconds =
                    block.seconds * static_cast<double>(block.of - block.block - 1) +
                    refinementSecondsGuess(settings_, model_->config().parameters());
                lastProgress_.etaSpreadSeconds = 0.3 * lastProgress_.etaSeconds;
                QuantizeEvent event{.progress = lastProgress_};
                event.reconstructed = &block;
                sink_(event);
            }};
        return refineJournal(journal, *model_, settings_, events, stop_);
    }

    /// Bits of every group, whose clips follow.
    ActivationBits activationsByBudget(RefinedModel& model) {
        block_ = -1;
        if (!calibration_)
            calibration_ = makeCalibration(
                *model_, settings_, [](double) {}, stop_);
        const double end = 1.0 - writeShare;
        const ActivationSurvey survey = surveyActivations(
            *model_, model, *calibration_, settings_,
            [&](double) {
                report("activations", "", std::max(lastProgress_.fraction, 0.99 * end));
            },
            stop_);
        const ActivationBits bits =
            spreadActivationBits(model_->config(), survey.loss, settings_.activationBudget);
        setClips(model, survey, bits);
        return bits;
    }

    /// Where the fits end on the bar.
    [[nodiscard]] double fitEnd() const {
        const auto weights = static_cast<double>(model_->config().parameters());
        const double fit = weights * (settings_.device == "cpu" ? fitSecondsCpu : fitSecondsGpu);
        const double refinement = refinementSecondsGuess(settings_, model_->config().parameters());
        return (1.0 - writeShare) * fit / (fit + refinement);
    }

    /// Returns the calibration tokens used.
    std::int64_t fitBlocks(BlockJournal& journal) {
        const bool self = settings_.calibration.ends_with("self");
        calibrateShare_ = (self ? selfShare : 0.01) * fitEnd();
        const Calibration& calibration = calibration_.emplace(makeCalibration(
            *model_, settings_,
            [&](double share) { report("calibrate", "", share * calibrateShare_); }, stop_));
        if (settings_.rankBudget > 0.0)
            ranks_ = ranksByBudget(journal, calibration);
        TwoStreams streams(*model_, calibration, settings_.device);
        for (std::int64_t layer = 0; layer < model_->config().layers; ++layer) {
            block_ = layer;
            if (layer < result_.layersResumed)
                replayBlock(streams, journal, layer);
            else
                fitBlock(streams, journal, layer);
        }
        block_ = -1;
        return calibration.tokens();
    }

    RankPlan ranksByBudget(const BlockJournal& journal, const Calibration& calibration) {
        if (const auto kept = journal.ranks())
            return *kept;
        const double start = calibrateShare_, share = surveyShare * fitEnd();
        calibrateShare_ += share;
        const RankWorth worth = surveyRanks(
            *model_, calibration, settings_,
            [&](double done) { report("survey", "", start + done * share); }, stop_);
        const RankPlan plan =
            spreadRanks(model_->config(), worth, lowRankBits(model_->config(), settings_));
        journal.keepRanks(plan);
        return plan;
    }

    void replayBlock(TwoStreams& streams, const BlockJournal& journal, std::int64_t layer) {
        reportStep("resume", 0, 0);
        streams.replay(layer, journal.read(layer));
        result_.blocks.push_back(blockReportFromJson(journal.report(layer)));
    }

    GroupResult fitGroup(const GroupTask& task) {
        int stepIndex = 0;
        FitWatcher watcher = settings_.trace ? tracer() : FitWatcher();
        watcher.step = [&](std::string_view step) {
            reportStep(std::string(group(task.kind).name) + ": " + std::string(step),
                       static_cast<int>(task.kind), stepIndex++);
        };
        return quantizeGroup(task, settings_, watcher);
    }

    void fitBlock(TwoStreams& streams, BlockJournal& journal, std::int64_t layer) {
        const auto start = Clock::now();
        BlockReport block{.block = layer, .groups = {}};
        const auto quantized = [&](GroupKind kind, const Matrix& weights,
                                   const std::vector<std::int64_t>& outputs,
                                   const GroupInputs& inputs) {
            GroupTask task{
                kind, weights, outputs, inputs.moments, inputs.sample, groupSeed(layer, kind), {}};
            if (!ranks_.empty())
                task.rank = ranks_[static_cast<std::size_t>(layer)][static_cast<std::size_t>(kind)];
            GroupResult fitted = fitGroup(task);
            block.groups[static_cast<std::size_t>(kind)] = fitted.report;
            return std::move(fitted.group);
        };
        const auto kept = [&](GroupKind kind) -> std::optional<QuantizedGroup> {
            if (!settings_.inFloat.holds(layer, kind))
                return std::nullopt;
            block.groups[static_cast<std::size_t>(kind)] = {.kind = kind, .kept = true};
            return keptGroup(*model_, layer, kind);
        };
        const auto advanced = streams.advance(layer, quantized, kept);
        block.drift = advanced.drift;
        journal.write(layer, advanced.block, toJson(block));
        block.seconds = secondsSince(start);
        if (workBefore(layer + 1) > workBefore(layer))
            eta_.finished(block.seconds / (workBefore(layer + 1) - workBefore(layer)));
        result_.blocks.push_back(block);
        lastProgress_ = progressAt("fit", "", blockFraction(layer, 1.0));
        QuantizeEvent event{.progress = lastProgress_, .finished = &result_.blocks.back()};
        sink_(event);
    }

    /// Passes a group's moments on, with the block and the last progress.
    [[nodiscard]] FitWatcher tracer() const {
        FitWatcher watcher;
        watcher.moment = [this](FitMoment moment) {
            throwIfStopped(stop_);
            moment.block = block_;
            QuantizeEvent event{.progress = lastProgress_};
            event.moment = &moment;
            sink_(event);
        };
        watcher.activations = [this](GroupActivations activations) {
            activations.block = block_;
            QuantizeEvent event{.progress = lastProgress_};
            event.activations = &activations;
            sink_(event);
        };
        return watcher;
    }

    [[nodiscard]] std::uint64_t groupSeed(std::int64_t layer, GroupKind kind) const {
        return settings_.seed * 1'000'003U + static_cast<std::uint64_t>(layer) * groupCount +
               static_cast<std::uint64_t>(kind);
    }

    /// Blocks before this one, each counted by the share of its groups that is quantized: what is
    /// kept takes next to no time.
    [[nodiscard]] double workBefore(std::int64_t layer) const {
        int quantized = 0;
        for (std::int64_t block = 0; block < layer; ++block)
            for (const InputGroup& g : groups())
                quantized += settings_.inFloat.holds(block, g.kind) ? 0 : 1;
        return static_cast<double>(quantized) / groupCount;
    }

    /// `done` of block `layer` is finished, 0 to 1.
    [[nodiscard]] double blockFraction(std::int64_t layer, double done) const {
        const double before = workBefore(layer);
        const double work = before + done * (workBefore(layer + 1) - before);
        return calibrateShare_ +
               (fitEnd() - calibrateShare_) * work / workBefore(model_->config().layers);
    }

    [[nodiscard]] Progress progressAt(std::string phase, std::string step, double fraction) const {
        Progress p{.phase = std::move(phase), .step = std::move(step), .fraction = fraction};
        p.block = block_;
        p.blocks = model_->config().layers;
        const double left =
            (fitEnd() - fraction) / (fitEnd() - calibrateShare_) * workBefore(p.blocks);
        if (block_ >= 0 && left > 0.0) {
            p.etaSeconds = eta_.seconds(left);
            p.etaSpreadSeconds = eta_.spread(left);
            const double refinement =
                refinementSecondsGuess(settings_, model_->config().parameters());
            if (p.etaSeconds >= 0.0 && refinement > 0.0) {
                p.etaSeconds += refinement;
                p.etaSpreadSeconds = std::max(0.0, p.etaSpreadSeconds) + 0.5 * refinement;
            }
        }
        return p;
    }

    void report(const char* phase, std::string step, double fraction) {
        throwIfStopped(stop_);
        lastProgress_ = progressAt(phase, std::move(step), fraction);
        QuantizeEvent event{.progress = lastProgress_};
        sink_(event);
    }

    void reportStep(std::string step, int groupIndex, int stepIndex) {
        const double inBlock =
            (groupIndex + static_cast<double>(stepIndex) / stepsPerGroup) / groupCount;
        report("fit", std::move(step), blockFraction(block_, inBlock));
    }

    QuantizeSettings settings_;
    const Sink<QuantizeEvent>& sink_;
    std::stop_token stop_;
    std::unique_ptr<ModelSource> model_;
    std::optional<RunIdentity> run_;
    std::optional<Calibration> calibration_; ///< once it was needed
    RankPlan ranks_;                         ///< empty without a budget
    double calibrateShare_ = 0.0;
    std::int64_t block_ = -1;
    EtaEstimator eta_;
    Progress lastProgress_;
    QuantizeResult result_;
};

class TorchQuantizeJob final : public QuantizeJob {
public:
    QuantizeResult run(const QuantizeSettings& settings, const Sink<QuantizeEvent>& sink,
                       std::stop_token stop) override {
        return Run(settings, sink, std::move(stop)).run();
    }
};

} // namespace

std::unique_ptr<QuantizeJob> makeTorchQuantizeJob() {
    return std::make_unique<TorchQuantizeJob>();
}

} // namespace bwla
