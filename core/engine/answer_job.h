// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/engine/sampler.h"
#include "core/engine/session.h"
#include "core/job/job.h"
#include "core/text/tokenizer.h"

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace bwla {

struct AnswerSettings {
    std::vector<std::int32_t> prompt;       ///< the whole conversation so far, not empty
    std::int64_t maxTokens = 512;           ///< of the answer
    SamplerSettings sampling{};             ///< the repeat penalty looks at prompt and answer
    std::vector<std::string> stopStrings{}; ///< the answer ends before the first of them
};

enum class StopReason : std::uint8_t {
    end,     ///< the model ended its answer
    text,    ///< one of the stop strings came
    length,  ///< maxTokens
    context, ///< the session is full
    stopped, ///< on request; what was said until then is in the result
};

[[nodiscard]] const char* stopReasonName(StopReason reason);

/// A token of an answer and where it stands in the text: it ends before byte `end`, and begins
/// where the one before it ends. A character of several tokens belongs to the last of them.
struct AnswerToken {
    std::int32_t id = 0;
    std::int64_t end = 0;
    bool operator==(const AnswerToken&) const = default;
};

/// Progress in the prompt (no text yet), then new text, whole UTF-8 characters only.
struct AnswerEvent {
    std::string text{};
    std::int64_t tokens = 0;     ///< of the answer so far
    std::int64_t promptRead = 0; ///< tokens of the prompt in the cache
    double seconds = 0.0;        ///< since the answer began, reading the prompt included
    std::int64_t decodeSteps = 0;
    double decodeSeconds = 0.0;       ///< as in AnswerResult, so far
    std::vector<AnswerToken> added{}; ///< tokens since the event before
};

struct AnswerResult {
    std::string text; ///< all events' texts
    StopReason stop = StopReason::end;
    std::int64_t promptTokens = 0;
    std::int64_t reusedTokens = 0; ///< of the prompt, taken from the session's cache
    std::int64_t tokens = 0;       ///< of the answer, the ending token left out
    std::int64_t readTokens = 0;   ///< before decoding: what of the prompt was not reused
    double promptSeconds = 0.0;    ///< to the first logits
    double decodeSeconds = 0.0;    ///< after them
    std::int64_t decodeSteps = 0;  ///< single-token forward passes in decodeSeconds
    /// From the start until a first token was chosen; NaN where none was.
    double firstTokenSeconds = std::numeric_limits<double>::quiet_NaN();
    std::vector<AnswerToken> path; ///< `tokens` of them; ends may lie past a text that was cut
    /// Tokens a second; NaN where nothing was measured.
    [[nodiscard]] double promptSpeed() const;
    [[nodiscard]] double decodeSpeed() const;
};

/// Where a session's backend fails: another session of the same model to go on with. Throws to give
/// up.
using Rescue = std::function<Session&(const KernelError&)>;

/// One answer in a conversation: what the session's cache already holds of the prompt is reused.
/// With a rescue the answer goes on where its backend fails: the other session reads prompt and
/// answer so far, the sampler draws on, and the numbers that depend on a session (reusedTokens,
/// readTokens, times and steps) are the other's. Throws Error{promptTooLong, badArgument, numeric},
/// KernelError; a stop is no exception but StopReason::stopped.
class AnswerJob : public Job<AnswerSettings, AnswerEvent, AnswerResult> {
public:
    /// Both must outlive the job; the session only until its rescue.
    AnswerJob(Session& session, const Tokenizer& tokenizer, Rescue rescue = {})
        : session_(&session), tokenizer_(tokenizer), rescue_(std::move(rescue)) {}
    AnswerResult run(const AnswerSettings& settings, const Sink<AnswerEvent>& sink,
                     std::stop_token stop) override;

private:
    Session* session_;
    const Tokenizer& tokenizer_;
    Rescue rescue_;
};

} // namespace bwla
