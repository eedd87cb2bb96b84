// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/folder_tokenizer.h"

#include "core/error.h"
#include "core/model/mapped_file.h"
#include "core/model/tokenizer_json.h"

#include <algorithm>
#include <array>

namespace bwla {
namespace {

namespace fs = std::filesystem;

constexpr std::array companionNames{"chat_template.jinja", "generation_config.json",
                                    "special_tokens_map.json", "tokenizer.json",
                                    "tokenizer_config.json"};

std::string readText(const fs::path& file) {
    const auto mapped = MappedFile::open(file);
    return {reinterpret_cast<const char*>(mapped->bytes().data()), mapped->bytes().size()};
}

Json readIfThere(const fs::path& file) {
    return isThere(file) ? readJson(file) : Json();
}

void addEnd(TokenizerData& data, std::int64_t id) {
    if (id < 0 || id >= static_cast<std::int64_t>(data.tokens.size()))
        return; // -1 and the like stand for "none"
    const auto end = static_cast<std::int32_t>(id);
    if (std::ranges::count(data.eos, end) == 0)
        data.eos.push_back(end);
}

void addEnd(TokenizerData& data, const Json& id) {
    if (id.is_number_unsigned())
        addEnd(data, static_cast<std::int64_t>(
                         std::min<std::uint64_t>(id.get<std::uint64_t>(), INT64_MAX)));
}

/// eos_token_id is one id or a list. True where there is any.
bool addEnds(TokenizerData& data, const JsonObject& config) {
    const Json* ids = config.find("eos_token_id");
    if (ids == nullptr)
        return false;
    if (!ids->is_array())
        addEnd(data, *ids);
    else
        for (const Json& id : *ids)
            addEnd(data, id);
    return !data.eos.empty();
}

/// Id of a token given as text or as {"content": text}; -1 = none.
std::int32_t namedToken(const TokenizerData& data, const JsonObject& settings, const char* key) {
    const Json* token = settings.find(key);
    if (token == nullptr)
        return -1;
    const std::string text = token->is_string()
                                 ? token->get<std::string>()
                                 : JsonObject(*token, settings.file()).requiredText("content");
    const auto found = std::ranges::find(data.tokens, text);
    return found == data.tokens.end() ? -1 : static_cast<std::int32_t>(found - data.tokens.begin());
}

std::string chatTemplate(const fs::path& folder, const JsonObject& settings) {
    if (isThere(folder / "chat_template.jinja"))
        return readText(folder / "chat_template.jinja");
    const Json* value = settings.find("chat_template");
    if (value == nullptr)
        return {};
    if (value->is_string())
        return value->get<std::string>();
    for (const Json& item : *value) { // several templates by name
        const JsonObject named(item, settings.file());
        if (named.text("name") == "default")
            return named.requiredText("template");
    }
    return {};
}

} // namespace

TokenizerData folderTokenizer(const fs::path& folder, const Json& config) {
    const fs::path file = folder / "tokenizer.json";
    if (!isThere(file)) {
        if (isThere(folder / "tokenizer.model"))
            throw Error(ErrorCode::unsupportedTokenizer)
                .in(folder.string())
                .because("SentencePiece, tokenizer.model");
        throw Error(ErrorCode::missingTokenizer).in(folder.string());
    }
    TokenizerData data = readTokenizerJson(readJson(file), file);

    const Json settingsJson = readIfThere(folder / "tokenizer_config.json");
    const JsonObject settings(settingsJson, folder / "tokenizer_config.json");
    data.chatTemplate = chatTemplate(folder, settings);
    data.addBos = settings.boolean("add_bos_token").value_or(data.addBos);
    if (const std::int32_t bos = namedToken(data, settings, "bos_token"); bos >= 0)
        data.bos = bos;

    const Json generation = readIfThere(folder / "generation_config.json");
    if (!addEnds(data, JsonObject(generation, folder / "generation_config.json")))
        addEnds(data, JsonObject(config, folder / "config.json"));
    if (const std::int32_t eos = namedToken(data, settings, "eos_token"); eos >= 0)
        addEnd(data, std::int64_t{eos});
    return data;
}

std::vector<std::pair<std::string, std::string>> folderCompanions(const fs::path& folder) {
    std::vector<std::pair<std::string, std::string>> files;
    for (const char* name : companionNames)
        if (isThere(folder / name))
            files.emplace_back(name, readText(folder / name));
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder, ignored))
        if (entry.is_regular_file(ignored) &&
            entry.path().filename().string().starts_with("LICENSE"))
            files.emplace_back(entry.path().filename().string(), readText(entry.path()));
    std::sort(files.begin(), files.end());
    return files;
}

} // namespace bwla
