// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/store/run_recorder.h"

#include "core/error_text.h"

#include <utility>

namespace bwla {
namespace {

/// Rotations of a group that are kept, at most; longer fits keep every second round, or fewer. All
/// 21 of the default model's equal factors fit; its wide ones, 150 KB a round, took 278 MB in all.
constexpr std::size_t roundBytes = std::size_t{512} << 10U;

RunRecord recordOf(const QuantizeSettings& settings, std::string command) {
    const auto absolute = [](const std::string& path) {
        return std::filesystem::absolute(path).lexically_normal().string();
    };
    return {.modelPath = absolute(settings.modelPath),
            .outPath = absolute(settings.outputPath),
            .preset = settings.preset,
            .recipe = recipeJson(settings),
            .command = std::move(command),
            .error = {},
            .quality = {}};
}

std::int32_t side(std::span<const float> factor) {
    std::int32_t m = 0;
    while (static_cast<std::size_t>(m) * static_cast<std::size_t>(m) < factor.size())
        ++m;
    return m;
}

} // namespace

template<class Work>
void RunRecorder::attempt(const Work& work) {
    if (problem_)
        return;
    try {
        work();
    } catch (const Error& error) {
        problem_ = error;
    }
}

RunRecorder::RunRecorder(const std::filesystem::path& databaseFile,
                         const QuantizeSettings& settings, std::string command)
    : run_(recordOf(settings, std::move(command))) {
    attempt([&] {
        database_.emplace(databaseFile);
        store_.emplace(*database_);
        run_.id = store_->begin(run_);
    });
}

void RunRecorder::hear(const QuantizeEvent& event) {
    attempt([&] {
        if (event.moment != nullptr && event.moment->stage == FitStage::rotation)
            keepRound(*event.moment);
        if (event.activations != nullptr) {
            const GroupActivations& a = *event.activations;
            flushRounds();
            store_->putActivations(run_.id, a.block, a.kind, activationRecord(a));
        }
        if (event.finished != nullptr)
            store_->putBlock(run_.id, *event.finished);
    });
}

void RunRecorder::keepRound(const FitMoment& moment) {
    if (moment.block != block_ || moment.kind != kind_) {
        flushRounds();
        block_ = moment.block;
        kind_ = moment.kind;
        rounds_ = {.m1 = side(moment.factorA),
                   .m2 = side(moment.factorB),
                   .planned = moment.rounds,
                   .rounds = {}};
    }
    const std::size_t bytes = (moment.factorA.size() + moment.factorB.size()) * sizeof(float);
    const std::size_t kept = std::max<std::size_t>(2, roundBytes / std::max<std::size_t>(1, bytes));
    const auto stride = static_cast<int>((static_cast<std::size_t>(moment.rounds) + kept) / kept);
    if (moment.round % stride != 0 && moment.round != moment.rounds)
        return;
    rounds_.rounds.push_back({moment.round,
                              moment.objective,
                              {moment.factorA.begin(), moment.factorA.end()},
                              {moment.factorB.begin(), moment.factorB.end()}});
}

void RunRecorder::flushRounds() {
    if (!rounds_.rounds.empty())
        store_->putRounds(run_.id, block_, kind_, rounds_);
    rounds_ = {};
    block_ = -1;
}

void RunRecorder::finish(const Outcome<QuantizeResult>& outcome) {
    using State = Outcome<QuantizeResult>::State;
    if (outcome.result) {
        run_.state = RunState::finished;
        run_.seconds = outcome.result->seconds;
        run_.peakRssBytes = outcome.result->peakRssBytes;
        run_.bitsLinear = outcome.result->ledger.bitsPerWeight();
        attempt([&] {
            for (const BlockReport& block : outcome.result->blocks)
                store_->putBlock(run_.id, block);
        });
    } else {
        run_.state = outcome.state == State::cancelled ? RunState::cancelled : RunState::failed;
        run_.error = outcome.error ? sentence(*outcome.error) : std::string();
    }
    attempt([&] {
        store_->finish(run_);
        if (store_->blocks(run_.id).empty())
            store_->remove(run_.id); // refused, or nothing was left to do: not a run
    });
}

Outcome<QuantizeResult> runRecorded(QuantizeJob& job, QuantizeSettings settings,
                                    const std::filesystem::path& databaseFile,
                                    const std::string& command, const Sink<QuantizeEvent>& sink,
                                    std::stop_token stop) {
    settings.trace = true;
    RunRecorder recorder(databaseFile, settings, command);
    const Sink<QuantizeEvent> both = [&](const QuantizeEvent& event) {
        recorder.hear(event);
        sink(event);
    };
    auto outcome = runJob(job, settings, both, std::move(stop));
    recorder.finish(outcome);
    return outcome;
}

} // namespace bwla
