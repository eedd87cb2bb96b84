// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/checks.h"
#include "app/cli/interrupt.h"
#include "app/cli/load.h"
#include "app/cli/text.h"
#include "app/cli/verbs.h"
#include "core/chat/chat_room.h"
#include "core/engine/answer_job.h"
#include "core/engine/chat_prompt.h"
#include "core/engine/context_use.h"
#include "core/error_text.h"
#include "core/model/json_text.h"
#include "core/model/open_model.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <memory>
#include <optional>
#include <utility>

namespace bwla {
namespace {

struct Options {
    std::string model;
    std::optional<std::string> prompt; ///< none = a conversation
    std::string system;
    bool raw = false;
    bool showPrompt = false;
    std::int64_t context = 0; ///< 0 = the model's default
    AnswerSettings answer;
    EngineOptions engine;
};

std::vector<ChatMessage> opening(const Options& options) {
    if (options.system.empty())
        return {};
    return {{"system", options.system}};
}

/// What the model reads: the prompt itself or the conversation in the model's template.
std::string promptText(const Options& options, const Tokenizer& tokenizer,
                       const std::vector<ChatMessage>& messages) {
    return options.raw ? messages.back().content : renderPrompt(tokenizer.data(), messages);
}

void showPrompt(const std::string& text, const Tokenizer& tokenizer, Console& console) {
    const auto tokens = promptTokens(tokenizer, text);
    if (console.json())
        console.document({{"prompt", text}, {"tokens", tokens}});
    else
        console.line(text);
}

/// "12 tokens, 34.5 tok/s"; no speed where nothing was measured.
std::string paceText(std::int64_t tokens, double speed) {
    return format("%lld token%s", static_cast<long long>(tokens), tokens == 1 ? "" : "s") +
           (std::isnan(speed) ? "" : format(", %.1f tok/s", speed));
}

std::string speedText(const AnswerResult& result) {
    return "[" + paceText(result.tokens, result.decodeSpeed()) + "; prompt " +
           paceText(result.promptTokens, result.promptSpeed()) + "; stopped by " +
           stopReasonName(result.stop) + "]";
}

/// A model with a cache, ready to answer; on the processor from when a Vulkan device fails.
class Speaker {
public:
    Speaker(const Options& options, OpenModel& model, const Tokenizer& tokenizer, const Call& call)
        : options_(options), model_(model), tokenizer_(tokenizer), call_(call) {
        try {
            load(call.options, call.stop);
        } catch (const KernelError& error) {
            fallBack(error, call.stop);
        }
    }

    /// Streams the answer unless the result is to be a document. Throws Error{promptTooLong} with
    /// `advice` before anything changes.
    AnswerResult answer(const std::vector<ChatMessage>& messages, const std::string& advice,
                        const std::stop_token& stop) {
        AnswerSettings settings = options_.answer;
        settings.prompt = options_.raw
                              ? promptTokens(tokenizer_, messages.back().content)
                              : fittingPrompt(tokenizer_, messages, session_->capacity(), advice);
        Console& console = call_.console;
        const auto sink = [&](const AnswerEvent& event) {
            if (!console.json())
                console.stream(event.text);
        };
        const auto rescue = [&](const KernelError& error) -> Session& {
            fallBack(error, stop);
            return *session_;
        };
        AnswerResult result = AnswerJob(*session_, tokenizer_, rescue).run(settings, sink, stop);
        if (!console.json())
            console.line("");
        console.note(speedText(result));
        return result;
    }

    [[nodiscard]] OrderedJson document(const AnswerResult& result) const {
        return {{"text", result.text},
                {"prompt_tokens", result.promptTokens},
                {"tokens", result.tokens},
                {"prompt_tok_s", result.promptSpeed()},
                {"tok_s", result.decodeSpeed()},
                {"stop", stopReasonName(result.stop)},
                {"backend", backend_->info().backend},
                {"device", backend_->info().device},
                {"fallback", fallback_.empty() ? OrderedJson(nullptr) : OrderedJson(fallback_)}};
    }

private:
    void load(const CommonOptions& where, const std::stop_token& stop) {
        Call call = call_;
        call.stop = stop;
        backend_ = makeBackend(where, options_.engine);
        transformer_ = loadTransformer(*backend_, model_, options_.engine, call);
        session_ =
            std::make_unique<Session>(*transformer_, context(), options_.engine.activationBits);
    }
    [[nodiscard]] std::int64_t context() const {
        return options_.context > 0 ? options_.context : defaultCapacity(model_.config());
    }
    /// Not where it failed itself, nor for a device that somebody named and that is not there.
    [[nodiscard]] bool processorCanHelp(const KernelError& error) const {
        if (backend_)
            return backend_->info().backend == "vulkan";
        const bool named = !call_.options.backend.empty();
        return backendInUse(call_.options) == "vulkan" &&
               error.code() != KernelErrorCode::unknownOverride &&
               !(named && error.code() == KernelErrorCode::unsupported);
    }
    /// Throws the error itself where the processor cannot help, Error{outOfMemory} where it has too
    /// little memory.
    void fallBack(const KernelError& error, const std::stop_token& stop) {
        if (!processorCanHelp(error))
            throw KernelError(error);
        const std::string failure = failureText(error);
        session_.reset();
        transformer_.reset();
        backend_.reset();
        checkProcessorHolds(model_, context(), options_.engine.cacheBits, failure);
        fallback_ = failure + "; the processor goes on with the conversation.";
        call_.console.note(fallback_);
        call_.console.event({{"event", "fallback"}, {"message", fallback_}});
        CommonOptions processor = call_.options;
        processor.backend = "cpu";
        load(processor, stop);
    }
    [[nodiscard]] std::string failureText(const KernelError& error) const {
        const std::string device = backend_ ? backend_->info().device : "The Vulkan device";
        switch (error.code()) {
        case KernelErrorCode::deviceLost:
            return device + " stopped answering";
        case KernelErrorCode::outOfMemory:
            return device + " has too little memory";
        default:
            return error.what();
        }
    }

    const Options& options_;
    OpenModel& model_;
    const Tokenizer& tokenizer_;
    const Call& call_;
    std::string fallback_; ///< why the processor took over
    std::unique_ptr<Backend> backend_;
    std::unique_ptr<Transformer> transformer_;
    std::unique_ptr<Session> session_;
};

/// Turns from standard input until its end. Ctrl+C stops an answer; while none is being given it
/// ends the program.
class Conversation {
public:
    Conversation(Speaker& speaker, std::vector<ChatMessage> opening, Console& console)
        : speaker_(speaker), messages_(std::move(opening)), opening_(messages_.size()),
          console_(console) {}

    void run() {
        const bool terminal = isatty(STDIN_FILENO) == 1 && !console_.json();
        std::string line;
        for (;;) {
            endOfWork();
            if (terminal)
                std::cerr << "> " << std::flush;
            if (!std::getline(std::cin, line))
                break;
            if (line == drop)
                dropOldest();
            else if (!line.empty())
                send(line);
        }
        if (terminal)
            std::cerr << '\n';
    }

private:
    static constexpr auto drop = "/drop";

    /// What cannot be sent ends no conversation.
    void send(const std::string& line) {
        messages_.push_back({"user", line});
        try {
            if (!isUtf8(line))
                throw Error(ErrorCode::badText);
            const AnswerResult result = speaker_.answer(
                messages_,
                "Shorten it, let the model forget the oldest two messages with /drop, or begin "
                "again with a larger --context.",
                beginWork());
            messages_.push_back({"assistant", result.text});
            if (console_.json())
                console_.documentLine(speaker_.document(result));
        } catch (const Error& error) {
            if (error.code != ErrorCode::promptTooLong && error.code != ErrorCode::badText)
                throw;
            messages_.pop_back();
            notSent(error);
        }
    }
    void notSent(const Error& error) {
        const std::string why = sentence(error);
        console_.note("Not sent. " + why);
        OrderedJson event{
            {"event", "not_sent"}, {"code", Error::errorCodeName(error.code)}, {"message", why}};
        if (error.code == ErrorCode::promptTooLong)
            event.update({{"tokens", error.found}, {"context", error.expected}});
        console_.event(event);
    }
    void dropOldest() {
        const auto first = messages_.begin() + static_cast<std::ptrdiff_t>(opening_);
        const auto count = std::min<std::ptrdiff_t>(2, messages_.end() - first);
        messages_.erase(first, first + count);
        console_.note(count == 0 ? "There is nothing to forget."
                                 : "The model forgets the oldest two messages.");
    }

    Speaker& speaker_;
    std::vector<ChatMessage> messages_;
    std::size_t opening_; ///< of them, which stay
    Console& console_;
};

void chat(const Options& options, const Call& call) {
    OpenModel model(options.model);
    const Tokenizer tokenizer(model.tokenizer());
    std::vector<ChatMessage> messages = opening(options);
    if (options.prompt)
        messages.push_back({"user", *options.prompt});
    for (const ChatMessage& message : messages)
        if (!isUtf8(message.content))
            throw Error(ErrorCode::badText);
    if (options.showPrompt) {
        showPrompt(promptText(options, tokenizer, messages), tokenizer, call.console);
        return;
    }
    Speaker speaker(options, model, tokenizer, call);
    if (!options.prompt) {
        Conversation(speaker, messages, call.console).run();
        return;
    }
    const AnswerResult result =
        speaker.answer(messages, "Shorten it, or raise --context.", call.stop);
    throwIfStopped(call.stop);
    if (call.console.json())
        call.console.document(speaker.document(result));
}

} // namespace

void addChat(Verbs& verbs) {
    auto options = std::make_shared<Options>();
    CLI::App* verb =
        verbs.add("chat", "Talk to a model", [options](const Call& call) { chat(*options, call); });
    verb->add_option("model", options->model, "Model")->required();
    auto* prompt =
        verb->add_option("--prompt", options->prompt,
                         "One turn; without it, a conversation from standard input, a line a "
                         "turn (/drop forgets the oldest two messages)");
    verb->add_option("--system", options->system, "System message");
    verb->add_flag("--raw", options->raw, "Send the prompt as it is, without the chat template")
        ->needs(prompt);
    verb->add_flag("--show-prompt", options->showPrompt, "Print what the model would read, and end")
        ->needs(prompt);
    verb->add_option("--temp", options->answer.sampling.temperature,
                     "Temperature, 0 = always the likeliest token (default: 0.7)")
        ->check(zeroOrMore());
    verb->add_option("--max-tokens", options->answer.maxTokens, "Longest answer (default: 512)")
        ->check(aboveZero());
    verb->add_option("--seed", options->answer.sampling.seed, "Of the sampling (default: 0)")
        ->check(zeroOrMore()); // CLI11 reads -1 as 2^64 - 1
    verb->add_option("--context", options->context,
                     "Tokens of the conversation (default: the model's, at most 4096)")
        ->check(aboveZero());
    options->engine.addTo(*verb);
}

} // namespace bwla
