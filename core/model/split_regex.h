// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <string_view>

namespace bwla {

/// How text is cut into words before byte-pair merging, in the regex dialect of the tokenizers
/// library: the published patterns of GPT-2, Llama 3 and Qwen 2.
inline constexpr std::string_view gpt2Split =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
inline constexpr std::string_view llama3Split =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";
inline constexpr std::string_view qwen2Split =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";

/// A pre-tokenizer that a GGUF file can name (key tokenizer.ggml.pre).
struct NamedSplit {
    std::string_view name;
    std::string_view pattern;
    bool individualDigits; ///< every digit is a word of its own, before the pattern
};

inline constexpr std::array namedSplits{
    NamedSplit{"gpt-2", gpt2Split, false},
    NamedSplit{"smollm", gpt2Split, true},
    NamedSplit{"llama-bpe", llama3Split, false},
    NamedSplit{"qwen2", qwen2Split, false},
};

/// Null for a name that is not in the list.
[[nodiscard]] constexpr const NamedSplit* namedSplit(std::string_view name) {
    for (const NamedSplit& split : namedSplits)
        if (split.name == name)
            return &split;
    return nullptr;
}

} // namespace bwla
