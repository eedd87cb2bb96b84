// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/interrupt.h"
#include "app/cli/load.h"
#include "core/model/open_model.h"
#include "app/cli/text.h"
#include "app/cli/verbs.h"
#include "core/engine/answer_job.h"
#include "core/engine/chat_prompt.h"

#include <unistd.h>

#include <iostream>
#include <memory>
#include <optional>

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

std::string speedText(const AnswerResult& result) {
    return format("[%lld tokens, %.1f tok/s; prompt %lld tokens, %.1f tok/s; stopped by %s]",
                  static_cast<long long>(result.tokens), result.decodeSpeed(),
                  static_cast<long long>(result.promptTokens), result.promptSpeed(),
                  stopReasonName(result.stop));
}

OrderedJson answerDocument(const AnswerResult& result) {
    return {{"text", result.text},           {"prompt_tokens", result.promptTokens},
            {"tokens", result.tokens},       {"prompt_tok_s", result.promptSpeed()},
            {"tok_s", result.decodeSpeed()}, {"stop", stopReasonName(result.stop)}};
}

/// A model with a cache, ready to answer.
class Speaker {
public:
    Speaker(const Options& options, OpenModel& model, const Tokenizer& tokenizer, const Call& call)
        : options_(options), tokenizer_(tokenizer), console_(call.console),
          backend_(makeBackend(call.options, options.engine)),
          transformer_(loadTransformer(*backend_, model, options.engine, call)),
          session_(*transformer_,
                   options.context > 0 ? options.context : defaultCapacity(model.config()),
                   options.engine.activationBits) {}

    /// Streams the answer unless the result is to be one document.
    AnswerResult answer(const std::vector<ChatMessage>& messages, const std::stop_token& stop) {
        AnswerSettings settings = options_.answer;
        settings.prompt = promptTokens(tokenizer_, promptText(options_, tokenizer_, messages));
        const auto sink = [this](const AnswerEvent& event) {
            if (!console_.json())
                console_.stream(event.text);
        };
        AnswerResult result = AnswerJob(session_, tokenizer_).run(settings, sink, stop);
        if (!console_.json())
            console_.line("");
        console_.note(speedText(result));
        return result;
    }

private:
    const Options& options_;
    const Tokenizer& tokenizer_;
    Console& console_;
    std::unique_ptr<Backend> backend_;
    std::unique_ptr<Transformer> transformer_;
    Session session_;
};

/// Turns from standard input until its end. Ctrl+C stops an answer; while none is being given it
/// ends the program.
void converse(Speaker& speaker, std::vector<ChatMessage> messages) {
    const bool terminal = isatty(STDIN_FILENO) == 1;
    std::string line;
    for (;;) {
        endOfWork();
        if (terminal)
            std::cerr << "> " << std::flush;
        if (!std::getline(std::cin, line))
            break;
        if (line.empty())
            continue;
        messages.push_back({"user", line});
        messages.push_back({"assistant", speaker.answer(messages, beginWork()).text});
    }
    if (terminal)
        std::cerr << '\n';
}

void chat(const Options& options, const Call& call) {
    OpenModel model(options.model);
    const Tokenizer tokenizer(model.tokenizer());
    std::vector<ChatMessage> messages = opening(options);
    if (options.prompt)
        messages.push_back({"user", *options.prompt});
    if (options.showPrompt) {
        showPrompt(promptText(options, tokenizer, messages), tokenizer, call.console);
        return;
    }
    Speaker speaker(options, model, tokenizer, call);
    if (!options.prompt) {
        converse(speaker, messages);
        return;
    }
    const AnswerResult result = speaker.answer(messages, call.stop);
    throwIfStopped(call.stop);
    if (call.console.json())
        call.console.document(answerDocument(result));
}

} // namespace

void addChat(Verbs& verbs) {
    auto options = std::make_shared<Options>();
    CLI::App* verb =
        verbs.add("chat", "Talk to a model", [options](const Call& call) { chat(*options, call); });
    verb->add_option("model", options->model, "Model")->required();
    auto* prompt = verb->add_option("--prompt", options->prompt,
                                    "One turn; without it, a conversation from standard input");
    verb->add_option("--system", options->system, "System message");
    verb->add_flag("--raw", options->raw, "Send the prompt as it is, without the chat template")
        ->needs(prompt);
    verb->add_flag("--show-prompt", options->showPrompt, "Print what the model would read, and end")
        ->needs(prompt);
    verb->add_option("--temp", options->answer.sampling.temperature,
                     "Temperature, 0 = always the likeliest token (default: 0.7)")
        ->check(CLI::NonNegativeNumber);
    verb->add_option("--max-tokens", options->answer.maxTokens, "Longest answer (default: 512)")
        ->check(CLI::PositiveNumber);
    verb->add_option("--seed", options->answer.sampling.seed, "Of the sampling (default: 0)");
    verb->add_option("--context", options->context,
                     "Tokens of the conversation (default: the model's, at most 4096)")
        ->check(CLI::PositiveNumber);
    options->engine.addTo(*verb);
    verb->get_option("--json")->needs(prompt);
}

} // namespace bwla
