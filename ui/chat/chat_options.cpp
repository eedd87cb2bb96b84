// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/chat_options.h"

#include <nlohmann/json.hpp>

namespace bwla::ui {

using Json = nlohmann::json;

std::string optionsText(const ChatOptions& options) {
    const SamplerSettings& s = options.sampling;
    return Json{{"mode", static_cast<int>(options.mode)},
                {"system", options.system},
                {"template", options.otherTemplate},
                {"max_tokens", options.maxTokens},
                {"temperature", s.temperature},
                {"top_k", s.topK},
                {"top_p", s.topP},
                {"min_p", s.minP},
                {"repeat_penalty", s.repeatPenalty},
                {"repeat_window", s.repeatWindow},
                {"seed", s.seed},
                {"stop", options.stopStrings}}
        .dump();
}

ChatOptions optionsFrom(const std::string& text) {
    const Json json = Json::parse(text, nullptr, false);
    ChatOptions options;
    const auto read = [&](const char* key, auto& value) {
        if (json.is_object() && json.contains(key))
            try {
                json.at(key).get_to(value);
            } catch (const Json::exception&) { // another kind: the default stays
            }
    };
    int mode = 0;
    read("mode", mode);
    if (mode >= 0 && mode <= static_cast<int>(ChatMode::original))
        options.mode = static_cast<ChatMode>(mode);
    read("system", options.system);
    read("template", options.otherTemplate);
    read("max_tokens", options.maxTokens);
    read("temperature", options.sampling.temperature);
    read("top_k", options.sampling.topK);
    read("top_p", options.sampling.topP);
    read("min_p", options.sampling.minP);
    read("repeat_penalty", options.sampling.repeatPenalty);
    read("repeat_window", options.sampling.repeatWindow);
    read("seed", options.sampling.seed);
    read("stop", options.stopStrings);
    return options;
}

} // namespace bwla::ui
