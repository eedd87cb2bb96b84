// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/error.h"
#include "core/job/job.h"

#include <nlohmann/json.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace bwla {

/// Keys keep the order in which they were set; NaN and infinity print as null.
using OrderedJson = nlohmann::ordered_json;

/// What the program says. Results go to stdout: lines for people or, with --json, one document.
/// Progress goes to stderr: JSON lines with --json, else one line that is redrawn on a terminal and
/// nothing where stderr is a file, so that a failure leaves exactly one line there.
class Console {
public:
    explicit Console(bool json);

    [[nodiscard]] bool json() const { return json_; }
    void document(const OrderedJson& value);
    /// One of several documents: a line, shown at once.
    void documentLine(const OrderedJson& value);
    /// A line of a result; text without line break.
    void line(std::string_view text);
    /// A piece of streamed text, shown at once.
    void stream(std::string_view text);
    /// One line for people that is no result (speed of an answer); stderr, never with --json.
    void note(std::string_view text);
    void progress(const Progress& progress);
    /// Another JSON line among the progress; nothing without --json.
    void event(const OrderedJson& value);
    /// The sentence on stderr; with --json also the error document on stdout.
    void failure(const Error& error);
    /// What to say when Ctrl+C ends the work, instead of "Stopped."
    void whenCancelled(std::string sentence) { cancelSentence_ = std::move(sentence); }
    void cancelled();
    /// False where stdout could not take everything (a full disk, a closed pipe).
    [[nodiscard]] bool flush();

private:
    using Clock = std::chrono::steady_clock;

    void clearProgress();
    void errorLine(std::string_view code, const Error* error, std::string_view message);

    bool json_;
    bool terminal_;
    bool progressShown_ = false;
    bool inLine_ = false; ///< streamed text stands on the terminal without a line end
    std::optional<Clock::time_point> lastProgress_;
    std::string cancelSentence_ = "Stopped.";
    std::string lastPhase_;
    std::int64_t lastBlock_ = -1;
};

} // namespace bwla
