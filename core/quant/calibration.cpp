// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/calibration.h"

#include "core/error.h"
#include "core/model/hash128.h"
#include "core/model/mapped_file.h"
#include "core/quant/self_text.h"
#include "core/quant/user_turns.h"
#include "core/text/chat_template.h"
#include "core/text/tokenizer.h"

#include <algorithm>

namespace bwla {
namespace {

constexpr std::string_view selfSuffix = "+self";

bool endsWithSelf(const std::string& name) {
    return name.size() > selfSuffix.size() && name.ends_with(selfSuffix);
}

std::string textPath(const std::string& calibration) {
    return endsWithSelf(calibration) ? calibration.substr(0, calibration.size() - selfSuffix.size())
                                     : calibration;
}

/// The document separator that pretraining texts start with: what an "empty prompt" is.
std::int32_t startOfText(const TokenizerData& data) {
    const auto id = std::find(data.tokens.begin(), data.tokens.end(), "<|endoftext|>");
    if (id != data.tokens.end())
        return static_cast<std::int32_t>(id - data.tokens.begin());
    if (data.bos >= 0)
        return data.bos;
    return data.eos.empty() ? 0 : data.eos.front();
}

std::vector<std::int32_t> chatPrompt(const Tokenizer& tokenizer, std::string_view question) {
    const TokenizerData& data = tokenizer.data();
    if (data.chatTemplate.empty())
        return tokenizer.encode(question, false);
    const auto text = [&](std::int32_t id) {
        return id >= 0 ? data.tokens[static_cast<std::size_t>(id)] : std::string();
    };
    const ChatTemplate chat(data.chatTemplate);
    const std::string prompt = chat.render({{"user", std::string(question)}}, true, text(data.bos),
                                           data.eos.empty() ? "" : text(data.eos.front()));
    return tokenizer.encode(prompt, true);
}

std::vector<std::vector<std::int32_t>> selfPrompts(const Tokenizer& tokenizer, std::int64_t count,
                                                   std::int64_t length) {
    std::vector<std::vector<std::int32_t>> prompts;
    for (std::int64_t i = 0; i < count; ++i) {
        if (i % 2 == 0) {
            prompts.push_back({startOfText(tokenizer.data())});
            continue;
        }
        const auto turn = static_cast<std::size_t>(i / 2) % userTurns().size();
        prompts.push_back(chatPrompt(tokenizer, userTurns()[turn]));
        if (static_cast<std::int64_t>(prompts.back().size()) > length)
            prompts.back().resize(static_cast<std::size_t>(length));
        if (prompts.back().empty())
            prompts.back().push_back(startOfText(tokenizer.data()));
    }
    return prompts;
}

void addSelf(Calibration& calibration, const ModelSource& model, const Tokenizer& tokenizer,
             std::int64_t tokens, const QuantizeSettings& s,
             const std::function<void(double)>& progress, const std::stop_token& stop) {
    const std::int64_t length = std::min(selfWindow, model.config().context);
    const std::int64_t count = std::max<std::int64_t>(1, tokens / length);
    auto texts = writeTexts(model, selfPrompts(tokenizer, count, length), length, s.seed, s.device,
                            progress, stop);
    std::move(texts.begin(), texts.end(), std::back_inserter(calibration.windows));
}

void addFile(Calibration& calibration, const ModelSource& model, const Tokenizer& tokenizer,
             std::int64_t tokens, const std::string& path) {
    const auto file = MappedFile::open(path);
    const std::string_view text(reinterpret_cast<const char*>(file->bytes().data()),
                                file->bytes().size());
    std::vector<std::int32_t> ids;
    try {
        ids = tokenizer.encode(text, false);
    } catch (Error& error) {
        error.file = path;
        throw;
    }
    const std::int64_t length = std::min({fileWindow, tokens, model.config().context});
    const std::int64_t count = std::max<std::int64_t>(1, tokens / length);
    if (static_cast<std::int64_t>(ids.size()) < count * length)
        throw Error(ErrorCode::textTooShort)
            .in(path)
            .wanted(count * length)
            .got(static_cast<std::int64_t>(ids.size()));
    for (std::int64_t i = 0; i < count; ++i)
        calibration.windows.emplace_back(ids.begin() + i * length, ids.begin() + (i + 1) * length);
}

} // namespace

std::int64_t Calibration::tokens() const {
    std::int64_t total = 0;
    for (const auto& window : windows)
        total += static_cast<std::int64_t>(window.size());
    return total;
}

std::string calibrationIdentity(const QuantizeSettings& s) {
    if (s.calibration == "self")
        return "self";
    const auto file = MappedFile::open(textPath(s.calibration));
    return hash128(file->bytes()) + (endsWithSelf(s.calibration) ? "+self" : "");
}

Calibration makeCalibration(const ModelSource& model, const QuantizeSettings& s,
                            const std::function<void(double)>& progress, std::stop_token stop) {
    const Tokenizer tokenizer(model.tokenizer());
    Calibration calibration;
    calibration.description = calibrationIdentity(s);
    const bool self = s.calibration == "self", both = endsWithSelf(s.calibration);
    if (!self)
        addFile(calibration, model, tokenizer, both ? s.tokens / 2 : s.tokens,
                textPath(s.calibration));
    if (self || both)
        addSelf(calibration, model, tokenizer, both ? s.tokens / 2 : s.tokens, s, progress, stop);
    return calibration;
}

} // namespace bwla
