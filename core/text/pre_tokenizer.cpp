// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/text/pre_tokenizer.h"

#include "core/error.h"

#include <algorithm>
#include <array>
#include <utility>

namespace bwla {
namespace {

constexpr const char* gpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr const char* llama3Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* qwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";
/// The tokenizers library calls this stage Digits(individual_digits = true).
constexpr const char* digitPattern = R"(\p{N})";

/// The pre-tokenizers that a GGUF file can name (key tokenizer.ggml.pre).
struct NamedPattern {
    const char* name;
    const char* pattern;
    bool individualDigits;
};
constexpr std::array namedPatterns{
    NamedPattern{"gpt-2", gpt2Pattern, false},
    NamedPattern{"smollm", gpt2Pattern, true},
    NamedPattern{"llama-bpe", llama3Pattern, false},
    NamedPattern{"qwen2", qwen2Pattern, false},
};

const NamedPattern& patternNamed(const std::string& name) {
    const auto* const found = std::find_if(namedPatterns.begin(), namedPatterns.end(),
                                           [&](const NamedPattern& p) { return p.name == name; });
    if (found == namedPatterns.end())
        throw Error(ErrorCode::unsupportedTokenizer)
            .because(name.empty() ? "pre-tokenizer not named" : "pre-tokenizer " + name);
    return *found;
}

} // namespace

PreTokenizer::PreTokenizer(const TokenizerData& data) {
    std::string pattern = data.pattern;
    bool individualDigits = data.individualDigits;
    if (pattern.empty()) {
        const NamedPattern& named = patternNamed(data.preTokenizer);
        pattern = named.pattern;
        individualDigits |= named.individualDigits;
    }
    if (individualDigits)
        stages_.emplace_back(digitPattern);
    stages_.emplace_back(pattern);
}

std::vector<std::string_view> PreTokenizer::words(std::string_view text) const {
    std::vector<std::string_view> pieces;
    if (!text.empty())
        pieces.push_back(text);
    for (const SplitPattern& stage : stages_)
        pieces = stage.split(pieces);
    return pieces;
}

} // namespace bwla
