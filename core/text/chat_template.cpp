// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/text/chat_template.h"

#include "core/error.h"
#include "core/text/jinja_interpreter.h"
#include "core/text/jinja_lexer.h"
#include "core/text/jinja_parser.h"

namespace bwla {
namespace {

// The longest published chat templates have some 20 kB.
constexpr std::size_t maxSource = std::size_t{1} << 20;

Error templateError(int line, const std::string& reason) {
    return Error(ErrorCode::badTemplate).because("line " + std::to_string(line) + ": " + reason);
}

} // namespace

struct ChatTemplate::Impl {
    jinja::Body body;
};

ChatTemplate::ChatTemplate(const std::string& source) : impl_(std::make_unique<Impl>()) {
    if (source.size() > maxSource)
        throw templateError(1, "longer than a megabyte");
    try {
        impl_->body = jinja::parseTemplate(source);
    } catch (const jinja::SyntaxError& error) {
        throw templateError(error.line, error.reason);
    }
}

ChatTemplate::~ChatTemplate() = default;
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;

std::string ChatTemplate::render(const std::vector<ChatMessage>& messages, bool addGenerationPrompt,
                                 const std::string& bos, const std::string& eos) const {
    using jinja::Value;
    jinja::Interpreter interpreter(impl_->body);
    try {
        jinja::Items list;
        for (const ChatMessage& message : messages)
            list.push_back(interpreter.runtime().makeDict(
                {{"role", Value(message.role)}, {"content", Value(message.content)}}));
        // As transformers calls templates: tools and documents are there, but none.
        return interpreter.render({{"messages", interpreter.runtime().makeList(std::move(list))},
                                   {"tools", jinja::None{}},
                                   {"documents", jinja::None{}},
                                   {"add_generation_prompt", addGenerationPrompt},
                                   {"bos_token", bos},
                                   {"eos_token", eos}});
    } catch (const jinja::Failure& failure) {
        throw templateError(interpreter.line(), failure.reason);
    }
}

} // namespace bwla
