// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/chat/answer_stats.h"

#include <nlohmann/json.hpp>

#include <cmath>

namespace bwla::ui {

using Json = nlohmann::json;

std::string statsText(const AnswerStats& stats) {
    // NaN is written as null and read as NaN again.
    const auto number = [](double value) { return std::isfinite(value) ? Json(value) : Json(); };
    Json tokens = Json::array(), ends = Json::array();
    for (const AnswerToken& token : stats.path) {
        tokens.push_back(token.id);
        ends.push_back(token.end);
    }
    Json kl = Json::array();
    for (const float nats : stats.agreement.kl) // four digits are more than a strip shows
        kl.push_back(std::round(static_cast<double>(nats) * 1e4) / 1e4);
    return Json{{"model", stats.model},
                {"format", stats.format},
                {"device", stats.device},
                {"file_bytes", stats.fileBytes},
                {"prompt_tokens", stats.promptTokens},
                {"reused_tokens", stats.reusedTokens},
                {"memory_bytes", stats.memoryBytes},
                {"seed", stats.seed},
                {"prompt_tok_s", number(stats.promptSpeed)},
                {"tok_s", number(stats.decodeSpeed)},
                {"first_token_s", number(stats.firstTokenSeconds)},
                {"stop", stats.stop},
                {"error", stats.error},
                {"tokens", tokens},
                {"token_ends", ends},
                {"kl", kl},
                {"same_top", stats.agreement.sameTop}}
        .dump(-1, ' ', false, Json::error_handler_t::replace);
}

AnswerStats statsFrom(const std::string& text) {
    const Json json = Json::parse(text, nullptr, false);
    AnswerStats stats;
    const auto read = [&](const char* key, auto& value) {
        if (json.is_object() && json.contains(key))
            try {
                json.at(key).get_to(value);
            } catch (const Json::exception&) { // null or another kind: the default stays
            }
    };
    read("model", stats.model);
    read("format", stats.format);
    read("device", stats.device);
    read("file_bytes", stats.fileBytes);
    read("prompt_tokens", stats.promptTokens);
    read("reused_tokens", stats.reusedTokens);
    read("memory_bytes", stats.memoryBytes);
    read("seed", stats.seed);
    read("prompt_tok_s", stats.promptSpeed);
    read("tok_s", stats.decodeSpeed);
    read("first_token_s", stats.firstTokenSeconds);
    read("stop", stats.stop);
    read("error", stats.error);
    std::vector<std::int32_t> tokens;
    std::vector<std::int64_t> ends;
    read("tokens", tokens);
    read("token_ends", ends);
    for (std::size_t i = 0; i < std::min(tokens.size(), ends.size()); ++i)
        stats.path.push_back({tokens[i], ends[i]});
    read("kl", stats.agreement.kl);
    read("same_top", stats.agreement.sameTop);
    return stats;
}

} // namespace bwla::ui
