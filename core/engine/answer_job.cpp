// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/engine/answer_job.h"

#include "core/engine/stop_strings.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <span>
#include <utility>

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

    void promptRead(std::int64_t tokens) {
        promptRead_ = tokens;
        tell({});
    }
    void beginReading() { readingStart_ = Clock::now(); }
    /// Everything so far is read: what follows counts as decoding.
    void beginDecoding() {
        result_.promptSeconds = secondsSince(readingStart_);
        result_.decodeSteps = 0;
        decodingStart_ = Clock::now();
    }
    /// False where the token completed a stop string.
    bool add(std::int32_t token) {
        if (result_.tokens++ == 0)
            result_.firstTokenSeconds = secondsSince(start_);
        const std::string whole = characters_.add(tokenizer_.piece(token));
        written_ += std::ssize(whole);
        result_.path.push_back({token, written_});
        say(stops_.add(whole));
        return !stops_.found();
    }
    void finish() {
        say(stops_.add(characters_.finish()));
        say(stops_.finish());
        result_.decodeSeconds = secondsSince(decodingStart_);
    }

private:
    void say(const std::string& text) {
        result_.text += text;
        if (!text.empty())
            tell(text);
    }
    void tell(const std::string& text) {
        if (!sink_)
            return;
        const auto told = std::exchange(told_, result_.path.size());
        sink_({.text = text,
               .tokens = result_.tokens,
               .promptRead = promptRead_,
               .seconds = secondsSince(start_),
               .decodeSteps = result_.decodeSteps,
               .decodeSeconds = result_.tokens > 0 ? secondsSince(decodingStart_) : 0.0,
               .added = {result_.path.begin() + static_cast<std::ptrdiff_t>(told),
                         result_.path.end()}});
    }

    const Tokenizer& tokenizer_;
    const Sink<AnswerEvent>& sink_;
    AnswerResult& result_;
    Utf8Stream characters_;
    StopStrings stops_;
    Clock::time_point start_ = Clock::now(), readingStart_ = start_, decodingStart_ = start_;
    std::int64_t promptRead_ = 0;
    std::int64_t written_ = 0; ///< bytes
    std::size_t told_ = 0;     ///< tokens
};

/// Has a session read the conversation, another one where the first one's backend fails.
class Reader {
public:
    Reader(Session*& session, const Rescue& rescue, int likeliest, Transcript& transcript,
           AnswerResult& result, const std::stop_token& stop)
        : session_(session), rescue_(rescue), likeliest_(likeliest), transcript_(transcript),
          result_(result), stop_(stop) {}

    /// What follows a conversation of which the cache may hold a part.
    Session::Next begin(std::span<const std::int32_t> history) {
        return safely(history, [&] { return readAll(history); });
    }
    /// What follows one token more.
    Session::Next step(std::span<const std::int32_t> history) {
        return safely(history, [&] {
            auto next = session_->feedFor(likeliest_, history.last(1), stop_);
            result_.decodeSteps += next.stopped() ? 0 : 1;
            return next;
        });
    }

private:
    template<class Work>
    Session::Next safely(std::span<const std::int32_t> history, const Work& work) {
        try {
            return work();
        } catch (const KernelError& error) {
            if (!rescue_)
                throw;
            session_ = &rescue_(error);
        }
        return readAll(history);
    }
    Session::Next readAll(std::span<const std::int32_t> history) {
        transcript_.beginReading();
        const std::int64_t known = session_->reusePrefix(history);
        result_.reusedTokens = std::min(known, result_.promptTokens);
        result_.readTokens = std::ssize(history) - known;
        auto next = session_->feedFor(likeliest_, history.subspan(static_cast<std::size_t>(known)),
                                      stop_, [&](std::int64_t tokens) {
                                          transcript_.promptRead(
                                              std::min(known + tokens, result_.promptTokens));
                                      });
        transcript_.beginDecoding();
        return next;
    }

    Session*& session_;
    const Rescue& rescue_;
    int likeliest_;
    Transcript& transcript_;
    AnswerResult& result_;
    const std::stop_token& stop_;
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
    return speed(readTokens, promptSeconds);
}

double AnswerResult::decodeSpeed() const {
    return speed(decodeSteps, decodeSeconds);
}

AnswerResult AnswerJob::run(const AnswerSettings& settings, const Sink<AnswerEvent>& sink,
                            std::stop_token stop) {
    if (settings.maxTokens < 1)
        throw Error(ErrorCode::badArgument).because("An answer must have room for a token.");
    Sampler sampler(settings.sampling);
    AnswerResult result;
    Transcript transcript(tokenizer_, settings.stopStrings, sink, result);
    std::vector<std::int32_t> history = settings.prompt;
    result.promptTokens = std::ssize(settings.prompt);
    Reader reader(session_, rescue_, sampler.likeliestWanted(session_->model().config().vocabulary),
                  transcript, result, stop);
    auto next = reader.begin(history);

    result.stop = StopReason::stopped;
    while (!next.stopped() && !stop.stop_requested()) {
        const std::int32_t token = next.likeliest.empty() ? sampler.sample(next.logits, history)
                                                          : sampler.sample(next.likeliest, history);
        if (tokenizer_.endsAnswer(token)) {
            result.stop = StopReason::end;
            break;
        }
        history.push_back(token);
        if (!transcript.add(token)) {
            result.stop = StopReason::text;
            break;
        }
        if (result.tokens == settings.maxTokens) {
            result.stop = StopReason::length;
            break;
        }
        if (session_->length() == session_->capacity()) {
            result.stop = StopReason::context;
            break;
        }
        next = reader.step(history);
    }
    transcript.finish();
    return result;
}

} // namespace bwla
