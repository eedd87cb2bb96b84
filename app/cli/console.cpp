// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/console.h"

#include "app/cli/text.h"
#include "core/error_text.h"

#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <iostream>
#include <utility>

namespace bwla {
namespace {

/// Text that is not UTF-8 (a token's half character) must not stop a document from being printed.
std::string dump(const OrderedJson& value, int indent) {
    return value.dump(indent, ' ', false, OrderedJson::error_handler_t::replace);
}

OrderedJson knownOrNull(double value) {
    return value < 0 ? OrderedJson(nullptr) : OrderedJson(value);
}

OrderedJson textOrNull(const std::string& text) {
    return text.empty() ? OrderedJson(nullptr) : OrderedJson(text);
}

OrderedJson progressLine(const Progress& p) {
    return {{"event", "progress"},
            {"phase", p.phase},
            {"block", p.block < 0 ? OrderedJson(nullptr) : OrderedJson(p.block)},
            {"blocks", p.blocks},
            {"fraction", p.fraction},
            {"eta_s", knownOrNull(p.etaSeconds)}};
}

std::string progressText(const Progress& p) {
    std::string text = format("%3.0f %%  %s", 100.0 * p.fraction, p.phase.c_str());
    if (p.block >= 0)
        text += format("  block %lld of %lld", static_cast<long long>(p.block + 1),
                       static_cast<long long>(p.blocks));
    if (!p.step.empty())
        text += "  " + p.step;
    if (p.etaSeconds >= 0)
        text += "  " + durationText(p.etaSeconds) + " left";
    if (p.etaSeconds >= 0 && p.etaSpreadSeconds >= 0)
        text += " (+- " + durationText(p.etaSpreadSeconds) + ")";
    return text;
}

} // namespace

Console::Console(bool json) : json_(json), terminal_(isatty(STDERR_FILENO) == 1) {}

void Console::document(const OrderedJson& value) {
    std::cout << dump(value, 2) << '\n';
}

void Console::documentLine(const OrderedJson& value) {
    std::cout << dump(value, -1) << std::endl;
}

void Console::line(std::string_view text) {
    clearProgress();
    std::cout << text << '\n';
    inLine_ = false;
}

void Console::stream(std::string_view text) {
    clearProgress();
    std::cout << text << std::flush;
    if (!text.empty())
        inLine_ = text.back() != '\n';
}

void Console::note(std::string_view text) {
    if (json_)
        return;
    clearProgress();
    if (std::exchange(inLine_, false) && terminal_)
        std::cerr << '\n';
    std::cerr << text << '\n';
}

void Console::progress(const Progress& p) {
    static constexpr std::chrono::milliseconds interval(100);
    const bool news = p.phase != lastPhase_ || p.block != lastBlock_;
    const auto now = Clock::now();
    if ((!json_ && !terminal_) || (!news && lastProgress_ && now - *lastProgress_ < interval))
        return;
    lastPhase_ = p.phase;
    lastBlock_ = p.block;
    lastProgress_ = now;
    event(progressLine(p));
    if (json_)
        return;
    std::cerr << "\r\033[K" << progressText(p) << std::flush; // erase the line, then redraw it
    progressShown_ = true;
}

void Console::event(const OrderedJson& value) {
    if (json_)
        std::cerr << dump(value, -1) << std::endl;
}

void Console::failure(const Error& error) {
    errorLine(Error::errorCodeName(error.code), &error, sentence(error));
}

void Console::cancelled() {
    errorLine("cancelled", nullptr, cancelSentence_);
}

bool Console::flush() {
    clearProgress();
    return static_cast<bool>(std::cout.flush());
}

void Console::clearProgress() {
    if (progressShown_)
        std::cerr << "\r\033[K" << std::flush;
    progressShown_ = false;
}

void Console::errorLine(std::string_view code, const Error* error, std::string_view message) {
    clearProgress();
    std::cerr << oneLine(message) << std::endl;
    if (json_)
        document({{"error",
                   {{"code", code},
                    {"file", error != nullptr ? textOrNull(error->file) : OrderedJson(nullptr)},
                    {"tensor", error != nullptr ? textOrNull(error->tensor) : OrderedJson(nullptr)},
                    {"message", message}}}});
}

} // namespace bwla
