// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/text/pre_tokenizer.h"

#include "core/error.h"
#include "core/model/split_regex.h"

namespace bwla {
namespace {

/// The tokenizers library calls this stage Digits(individual_digits = true).
constexpr const char* digitPattern = R"(\p{N})";

const NamedSplit& splitNamed(const std::string& name) {
    const NamedSplit* found = namedSplit(name);
    if (found == nullptr)
        throw Error(ErrorCode::unsupportedTokenizer)
            .because(name.empty() ? "pre-tokenizer not named" : "pre-tokenizer " + name);
    return *found;
}

} // namespace

PreTokenizer::PreTokenizer(const TokenizerData& data) {
    std::string pattern = data.pattern;
    bool individualDigits = data.individualDigits;
    if (pattern.empty()) {
        const NamedSplit& named = splitNamed(data.preTokenizer);
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
