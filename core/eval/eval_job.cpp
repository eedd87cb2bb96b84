// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/eval/eval_job.h"

#include <chrono>

namespace bwla {
namespace {

double secondsSince(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

} // namespace

EvalResult EvalJob::run(const EvalSettings& settings, const Sink<EvalEvent>& sink,
                        std::stop_token stop) {
    try {
        return score(settings, sink, stop);
    } catch (Error& error) { // tokenizer and windows do not know the file
        if (error.code == ErrorCode::badText || error.code == ErrorCode::textTooShort)
            error.file = settings.text.string();
        throw;
    }
}

EvalResult EvalJob::score(const EvalSettings& settings, const Sink<EvalEvent>& sink,
                          const std::stop_token& stop) {
    const auto start = std::chrono::steady_clock::now();
    const auto text = readEvaluationText(settings.text, settings.protocol, settings.form);
    const auto tokens = evaluationTokens(text.text, settings.protocol, tokenizer_);
    const WindowRule rule = windowRule(settings.protocol, tokenizer_.data());

    const auto scoringStart = std::chrono::steady_clock::now();
    const auto report = [&](const char* phase) {
        return [&sink, phase, scoringStart](std::int64_t done, std::int64_t all, double value) {
            EvalEvent event;
            event.value = value;
            event.progress.phase = phase;
            event.progress.fraction = static_cast<double>(done) / static_cast<double>(all);
            event.progress.etaSeconds = secondsSince(scoringStart) / static_cast<double>(done) *
                                        static_cast<double>(all - done);
            if (sink)
                sink(event);
        };
    };
    EvalResult result;
    result.protocol = settings.protocol;
    result.textTokens = static_cast<std::int64_t>(tokens.size());
    result.dataSha256 = text.sha256;
    Session session(model_, rule.length, settings.activationBits);
    result.activationBits = session.activationBits();
    if (reference_ != nullptr) {
        Session reference(*reference_, rule.length);
        result.divergence = klDivergence(reference, session, tokens, rule, settings.windows,
                                         report("divergence"), stop);
    } else {
        result.perplexity =
            perplexity(session, tokens, rule, settings.windows, report("perplexity"), stop);
    }
    result.seconds = secondsSince(start);
    return result;
}

} // namespace bwla
