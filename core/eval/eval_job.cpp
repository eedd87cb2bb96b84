// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/eval/eval_job.h"

#include "core/error.h"
#include "core/eval/chat_answers.h"

#include <algorithm>
#include <chrono>

namespace bwla {
namespace {

double secondsSince(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Sends what a measurement tells: done, all, value so far.
KlProgress reporter(const Sink<EvalEvent>& sink, const char* phase) {
    return [&sink, phase, start = std::chrono::steady_clock::now()](
               std::int64_t done, std::int64_t all, double value) {
        EvalEvent event;
        event.value = value;
        event.progress.phase = phase;
        event.progress.fraction = static_cast<double>(done) / static_cast<double>(all);
        event.progress.etaSeconds =
            secondsSince(start) / static_cast<double>(done) * static_cast<double>(all - done);
        if (sink)
            sink(event);
    };
}

constexpr std::int64_t chatCapacity = 2048; // tokens of a question and its answer

} // namespace

EvalResult EvalJob::run(const EvalSettings& settings, const Sink<EvalEvent>& sink,
                        std::stop_token stop) {
    try {
        return settings.chats ? scoreChats(settings, sink, stop) : score(settings, sink, stop);
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

    EvalResult result;
    result.protocol = settings.protocol;
    result.textTokens = static_cast<std::int64_t>(tokens.size());
    result.dataSha256 = text.sha256;
    Session session(model_, rule.length, settings.activationBits);
    result.activationBits = session.activationBits();
    if (reference_ != nullptr) {
        Session reference(*reference_, rule.length);
        result.divergence = klDivergence(reference, session, tokens, rule, settings.windows,
                                         reporter(sink, "divergence"), stop);
    } else {
        result.perplexity =
            perplexity(session, tokens, rule, settings.windows, reporter(sink, "perplexity"), stop);
    }
    result.seconds = secondsSince(start);
    return result;
}

EvalResult EvalJob::scoreChats(const EvalSettings& settings, const Sink<EvalEvent>& sink,
                               const std::stop_token& stop) {
    const auto start = std::chrono::steady_clock::now();
    if (reference_ == nullptr)
        throw Error(ErrorCode::badArgument).because("Chats need a model to compare with.");
    const auto text = readEvaluationText(settings.text, settings.protocol, RowForm::text);
    const std::vector<std::string> questions = chatQuestions(text.text, settings.windows);
    Session reference(*reference_, std::min(chatCapacity, reference_->config().context));
    Session session(model_, reference.capacity(), settings.activationBits);
    const KlProgress answered = reporter(sink, "answers");
    const std::vector<ScoredText> answers = chatAnswers(
        reference, tokenizer_, questions, {},
        [&](std::int64_t done) { answered(done, std::ssize(questions), 0.0); }, stop);
    EvalResult result;
    result.dataSha256 = text.sha256;
    result.activationBits = session.activationBits();
    for (const ScoredText& answer : answers)
        result.textTokens += std::ssize(answer.tokens);
    result.divergence =
        klDivergence(reference, session, answers, reporter(sink, "divergence"), stop);
    result.seconds = secondsSince(start);
    return result;
}

} // namespace bwla
