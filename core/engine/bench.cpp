// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/engine/bench.h"

#include "core/engine/sampler.h"
#include "core/engine/session.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <random>

namespace bwla {
namespace {

constexpr std::int64_t mostTokens = 100'000'000; // their ids are made before

using Tokens = std::vector<std::int32_t>;

Tokens randomTokens(std::int64_t count, std::int64_t vocabulary, std::uint32_t seed) {
    std::mt19937 random(seed);
    std::uniform_int_distribution<std::int32_t> pick(0, static_cast<std::int32_t>(vocabulary - 1));
    Tokens tokens(static_cast<std::size_t>(count));
    std::generate(tokens.begin(), tokens.end(), [&] { return pick(random); });
    return tokens;
}

void feedPrompt(Session& session, const Tokens& tokens, const std::stop_token& stop) {
    session.rewind(0);
    if (session.feed(tokens, stop).empty())
        throw Cancelled();
}

void feedOneByOne(Session& session, std::span<const std::int32_t> tokens,
                  const std::stop_token& stop) {
    session.rewind(0);
    for (const std::int32_t& token : tokens)
        if (session.feed({&token, 1}, stop).empty())
            throw Cancelled();
}

/// As many greedy tokens after the first.
void chooseOneByOne(Session& session, std::int32_t token, std::size_t count, bool onDevice,
                    const std::stop_token& stop) {
    session.rewind(0);
    Sampler greedy({.temperature = 0});
    const int likeliest =
        onDevice ? greedy.likeliestWanted(session.model().config().vocabulary) : 0;
    for (std::size_t i = 0; i < count; ++i) {
        const Session::Next next = session.feedFor(likeliest, {&token, 1}, stop);
        if (next.stopped())
            throw Cancelled();
        token = next.likeliest.empty() ? greedy.sample(next.logits, {})
                                       : greedy.sample(next.likeliest, {});
    }
}

template<class Work>
double secondsOf(const Work& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Where the time of a run over `count` tokens from `position` on goes: the last of a few runs.
std::vector<WorkTime> workOf(Transformer& model, int activationBits,
                             std::span<const std::int32_t> tokens, std::int64_t position,
                             const std::stop_token& stop) {
    constexpr int runs = 8; // a GPU takes a while to raise its clocks
    Backend& backend = model.backend();
    backend.timePlans(true);
    const auto plan =
        model.record(tokens.size() == 1 ? 1 : backend.promptRows(), HeadRows::last, activationBits);
    backend.timePlans(false);
    const auto cache = model.cache(position + static_cast<std::int64_t>(tokens.size()));
    for (int run = 0; run < runs; ++run)
        if (!backend.run(*plan, {tokens, position, cache.get()}, stop))
            throw Cancelled();
    return plan->times();
}

BenchRow row(std::string test, const std::vector<double>& speeds, std::int64_t memoryBytes) {
    const auto count = static_cast<double>(speeds.size());
    const double mean = std::accumulate(speeds.begin(), speeds.end(), 0.0) / count;
    double squares = 0.0;
    for (const double speed : speeds)
        squares += (speed - mean) * (speed - mean);
    return {.test = std::move(test),
            .tokensPerSecond = mean,
            .deviation = speeds.size() > 1 ? std::sqrt(squares / (count - 1.0)) : 0.0,
            .memoryBytes = memoryBytes,
            .tokenWeightBytes = 0,
            .work = {}};
}

} // namespace

void validate(const BenchSettings& settings) {
    if (settings.promptTokens < 0 || settings.generateTokens < 0 ||
        settings.promptTokens + settings.generateTokens == 0 || settings.repetitions < 1)
        throw Error(ErrorCode::badArgument)
            .because("A benchmark needs prompt or generated tokens and at least one repetition.");
    if (std::max(settings.promptTokens, settings.generateTokens) > mostTokens)
        throw Error(ErrorCode::badArgument)
            .because("A benchmark takes at most " + std::to_string(mostTokens) + " tokens.");
}

std::vector<BenchRow> BenchJob::run(const BenchSettings& settings, const Sink<Progress>& sink,
                                    std::stop_token stop) {
    validate(settings);
    Session session(model_, std::max(settings.promptTokens, settings.generateTokens),
                    settings.activationBits);
    const std::int64_t memory = model_.weightBytes() + session.bytes();
    const int tests = (settings.promptTokens > 0 ? 1 : 0) + (settings.generateTokens > 0 ? 1 : 0);
    int done = 0;
    std::vector<BenchRow> rows;
    const auto measure = [&](const std::string& test, std::int64_t count, const auto& work) {
        std::vector<double> speeds;
        for (int repetition = 0; repetition < settings.repetitions; ++repetition) {
            speeds.push_back(static_cast<double>(count) / secondsOf(work));
            Progress progress;
            progress.phase = test;
            progress.fraction = ++done / static_cast<double>(tests * settings.repetitions);
            if (sink)
                sink(progress);
        }
        rows.push_back(row(test, speeds, memory));
    };

    const std::int64_t vocabulary = model_.config().vocabulary;
    if (settings.promptTokens > 0) {
        const Tokens prompt = randomTokens(settings.promptTokens, vocabulary, settings.seed);
        feedPrompt(session, prompt, stop);
        measure("pp" + std::to_string(prompt.size()), settings.promptTokens,
                [&] { feedPrompt(session, prompt, stop); });
        const auto most = static_cast<std::size_t>(model_.backend().promptRows());
        if (settings.profile)
            rows.back().work = workOf(model_, session.askedActivationBits(),
                                      std::span(prompt).first(std::min(prompt.size(), most)),
                                      settings.promptTokens / 2, stop);
    }
    if (settings.generateTokens > 0) {
        const Tokens tokens = randomTokens(settings.generateTokens, vocabulary, settings.seed);
        feedOneByOne(session, std::span(tokens).first(1), stop);
        using Choosing = BenchSettings::Choosing;
        const bool onDevice = settings.choosing == Choosing::device;
        const std::string test = "tg" + std::to_string(tokens.size());
        if (settings.choosing == Choosing::none)
            measure(test, settings.generateTokens, [&] { feedOneByOne(session, tokens, stop); });
        else
            measure(test + (onDevice ? " device" : " host"), settings.generateTokens, [&] {
                chooseOneByOne(session, tokens.front(), tokens.size(), onDevice, stop);
            });
        rows.back().tokenWeightBytes = model_.stepWeightBytes();
        if (settings.profile)
            rows.back().work =
                workOf(model_, session.askedActivationBits(), std::span(tokens).first(1),
                       settings.generateTokens / 2, stop);
    }
    return rows;
}

} // namespace bwla
