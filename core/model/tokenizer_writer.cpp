// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/error.h"
#include "core/model/gguf_tokenizer.h"
#include "core/model/split_regex.h"
#include "core/model/tokenizer_json.h"

#include <algorithm>

namespace bwla {
namespace {

Json byteLevel(bool useRegex) {
    return {{"type", "ByteLevel"},
            {"add_prefix_space", false},
            {"trim_offsets", true},
            {"use_regex", useRegex}};
}

Json sequence(const Json& first, const Json& second) {
    return {{"type", "Sequence"}, {"pretokenizers", {first, second}}};
}

Json preTokenizer(const TokenizerData& data) {
    std::string pattern = data.pattern;
    bool digits = data.individualDigits;
    if (pattern.empty()) {
        const NamedSplit* named = namedSplit(data.preTokenizer);
        if (named == nullptr)
            throw Error(ErrorCode::unsupportedTokenizer)
                .because("pre-tokenizer " + data.preTokenizer);
        pattern = named->pattern;
        digits = digits || named->individualDigits;
    }
    if (pattern == gpt2Split) {
        const Json step = byteLevel(true);
        return digits ? sequence({{"type", "Digits"}, {"individual_digits", true}}, step) : step;
    }
    if (digits)
        throw Error(ErrorCode::unsupportedTokenizer)
            .because("single digits with a split regex of its own");
    const Json split = {{"type", "Split"},
                        {"pattern", {{"Regex", pattern}}},
                        {"behavior", "Isolated"},
                        {"invert", false}};
    return sequence(split, byteLevel(false));
}

Json addedTokens(const TokenizerData& data) {
    Json added = Json::array();
    for (const std::int32_t id : data.special)
        added.push_back({{"id", id},
                         {"content", data.tokens[static_cast<std::size_t>(id)]},
                         {"single_word", false},
                         {"lstrip", false},
                         {"rstrip", false},
                         {"normalized", false},
                         {"special", std::ranges::count(data.control, id) > 0}});
    return added;
}

/// BOS in front of one text and of each of a pair.
Json bosTemplate(const TokenizerData& data) {
    if (!data.addBos || data.bos < 0)
        return nullptr;
    const std::string bos = data.tokens[static_cast<std::size_t>(data.bos)];
    const auto special = [&](int segment) -> Json {
        return {{"SpecialToken", {{"id", bos}, {"type_id", segment}}}};
    };
    const auto text = [](const char* name, int segment) -> Json {
        return {{"Sequence", {{"id", name}, {"type_id", segment}}}};
    };
    Json tokens = Json::object();
    tokens[bos] = {{"id", bos}, {"ids", {data.bos}}, {"tokens", {bos}}};
    return {{"type", "TemplateProcessing"},
            {"single", {special(0), text("A", 0)}},
            {"pair", {special(0), text("A", 0), special(1), text("B", 1)}},
            {"special_tokens", tokens}};
}

Json pairModel(const TokenizerData& data) {
    Json vocabulary = Json::object();
    for (std::size_t id = 0; id < data.tokens.size(); ++id)
        vocabulary[data.tokens[id]] = id;
    return {{"type", "BPE"},
            {"dropout", nullptr},
            {"unk_token", nullptr},
            {"continuing_subword_prefix", nullptr},
            {"end_of_word_suffix", nullptr},
            {"fuse_unk", false},
            {"byte_fallback", false},
            {"ignore_merges", data.ignoreMerges},
            {"vocab", vocabulary},
            {"merges", data.merges}};
}

Json tokenizerSettings(const TokenizerData& data) {
    Json settings = {{"tokenizer_class", "PreTrainedTokenizerFast"},
                     {"add_bos_token", data.addBos},
                     {"clean_up_tokenization_spaces", false}};
    if (data.bos >= 0)
        settings["bos_token"] = data.tokens[static_cast<std::size_t>(data.bos)];
    if (!data.eos.empty())
        settings["eos_token"] = data.tokens[static_cast<std::size_t>(data.eos.front())];
    if (!data.chatTemplate.empty())
        settings["chat_template"] = data.chatTemplate;
    return settings;
}

} // namespace

Json tokenizerJson(const TokenizerData& data) {
    return {{"version", "1.0"},
            {"truncation", nullptr},
            {"padding", nullptr},
            {"added_tokens", addedTokens(data)},
            {"normalizer", nullptr},
            {"pre_tokenizer", preTokenizer(data)},
            {"post_processor", bosTemplate(data)},
            {"decoder", byteLevel(true)},
            {"model", pairModel(data)}};
}

std::vector<std::pair<std::string, std::string>> ggufCompanions(const GgufFile& file) {
    if (!file.metadata().has("tokenizer.ggml.model"))
        return {};
    const TokenizerData data = ggufTokenizer(file);
    Json generation = {{"eos_token_id", data.eos}};
    if (data.bos >= 0)
        generation["bos_token_id"] = data.bos;
    return {{"generation_config.json", prettyJson(generation)},
            {"tokenizer.json", prettyJson(tokenizerJson(data))},
            {"tokenizer_config.json", prettyJson(tokenizerSettings(data))}};
}

} // namespace bwla
