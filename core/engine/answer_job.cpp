// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/engine/answer_job.h"

#include "core/engine/sampler.h"
#include "core/engine/stop_strings.h"

#include <chrono>
#include <limits>
#include <span>

namespace bwla {
namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

double speed(std::int64_t tokens, double seconds) {
    return tokens > 0 && seconds > 0 ? static_cast<double>(tokens) / seconds
                                     : std::numeric_limits<double>::quiet_NaN();
}

/// Token bytes to text, in the events and in the result.
class Transcript {
public:
    Transcript(const Tokenizer& tokenizer, const std::vector<std::string>& stopStrings,
               const Sink<AnswerEvent>& sink, AnswerResult& result)
        : tokenizer_(tokenizer), sink_(sink), result_(result), stops_(stopStrings) {}

    /// False where the token completed a stop string.
    bool add(std::int32_t token) {
        ++result_.tokens;
        say(stops_.add(characters_.add(tokenizer_.piece(token))));
        return !stops_.found();
    }
    void finish() {
        say(stops_.add(characters_.finish()));
        say(stops_.finish());
    }

private:
    void say(const std::string& text) {
        result_.text += text;
        if (sink_ && !text.empty())
            sink_({text, result_.tokens});
    }

    const Tokenizer& tokenizer_;
    const Sink<AnswerEvent>& sink_;
    AnswerResult& result_;
    Utf8Stream characters_;
    StopStrings stops_;
};

} // namespace

const char* stopReasonName(StopReason reason) {
    switch (reason) {
    case StopReason::end:
        return "end";
    case StopReason::text:
        return "text";
    case StopReason::length:
        return "length";
    case StopReason::context:
        return "context";
    case StopReason::stopped:
        return "stopped";
    }
    return "";
}

double AnswerResult::promptSpeed() const {
    return speed(promptTokens - reusedTokens, promptSeconds);
}

double AnswerResult::decodeSpeed() const {
    return speed(decodeSteps, decodeSeconds);
}

AnswerResult AnswerJob::run(const AnswerSettings& settings, const Sink<AnswerEvent>& sink,
                            std::stop_token stop) {
    if (settings.maxTokens < 1)
        throw Error(ErrorCode::badArgument).because("An answer must have room for a token.");
    Sampler sampler(settings.temperature, settings.seed);
    AnswerResult result;
    result.promptTokens = std::ssize(settings.prompt);
    result.reusedTokens = session_.reusePrefix(settings.prompt);
    auto start = Clock::now();
    auto logits = session_.feed(
        std::span(settings.prompt).subspan(static_cast<std::size_t>(result.reusedTokens)), stop);
    result.promptSeconds = secondsSince(start);

    start = Clock::now();
    Transcript transcript(tokenizer_, settings.stopStrings, sink, result);
    result.stop = StopReason::stopped;
    while (!logits.empty() && !stop.stop_requested()) {
        const std::int32_t token = sampler.next(logits);
        if (tokenizer_.endsAnswer(token)) {
            result.stop = StopReason::end;
            break;
        }
        if (!transcript.add(token)) {
            result.stop = StopReason::text;
            break;
        }
        if (result.tokens == settings.maxTokens) {
            result.stop = StopReason::length;
            break;
        }
        if (session_.length() == session_.capacity()) {
            result.stop = StopReason::context;
            break;
        }
        logits = session_.feed(std::span(&token, 1), stop);
        result.decodeSteps += logits.empty() ? 0 : 1;
    }
    transcript.finish();
    result.decodeSeconds = secondsSince(start);
    return result;
}

} // namespace bwla
