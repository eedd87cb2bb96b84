// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/text/byte_pairs.h"

#include "core/error.h"

#include <queue>

#include <algorithm>
#include <set>

namespace bwla {
namespace {

std::uint64_t pairKey(std::int32_t left, std::int32_t right) {
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 |
           static_cast<std::uint32_t>(right);
}

/// A pair of neighbours that could be merged; stale once either symbol has changed.
struct Candidate {
    std::int32_t rank;
    std::int32_t at; ///< index of the left symbol
    std::int32_t left, right, merged;

    bool operator>(const Candidate& other) const {
        return rank != other.rank ? rank > other.rank : at > other.at;
    }
};
using Candidates = std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>>;

} // namespace

BytePairs::BytePairs(const TokenizerData& data, const ByteAlphabet& alphabet)
    : alphabet_(alphabet),
      // GGUF has no key for it; Llama 3's tokenizer.json, which the name stands for, sets it.
      ignoreMerges_(data.ignoreMerges || data.preTokenizer == "llama-bpe") {
    const std::set<std::int32_t> special(data.special.begin(), data.special.end());
    for (std::size_t id = 0; id < data.tokens.size(); ++id) {
        if (!special.contains(static_cast<std::int32_t>(id)))
            ids_.emplace(data.tokens[id], static_cast<std::int32_t>(id));
    }
    const auto idOf = [&](std::string_view token) {
        const auto found = ids_.find(token);
        return found == ids_.end() ? -1 : found->second;
    };
    for (int byte = 0; byte < 256; ++byte)
        byteIds_[byte] = idOf(alphabet.written(static_cast<unsigned char>(byte)));

    merges_.reserve(data.merges.size());
    for (std::size_t rank = 0; rank < data.merges.size(); ++rank) {
        const std::string& text = data.merges[rank];
        const std::size_t space = text.find(' ');
        const bool twoParts = space != std::string::npos && space > 0 && space + 1 < text.size();
        const std::string_view whole = text;
        const std::int32_t left = twoParts ? idOf(whole.substr(0, space)) : -1;
        const std::int32_t right = twoParts ? idOf(whole.substr(space + 1)) : -1;
        const std::int32_t merged =
            twoParts ? idOf(text.substr(0, space) + text.substr(space + 1)) : -1;
        if (left < 0 || right < 0 || merged < 0)
            throw Error(ErrorCode::corrupt)
                .because("merge " + std::to_string(rank) + " of the tokenizer, \"" + text +
                         "\", does not name two tokens that form a third");
        merges_.emplace(pairKey(left, right), Merge{static_cast<std::int32_t>(rank), merged});
    }
}

const BytePairs::Merge* BytePairs::merge(std::int32_t left, std::int32_t right) const {
    const auto found = merges_.find(pairKey(left, right));
    return found == merges_.end() ? nullptr : &found->second;
}

std::int32_t BytePairs::wholeWord(std::string_view word) const {
    std::string written;
    for (const char byte : word)
        written += alphabet_.written(static_cast<unsigned char>(byte));
    const auto found = ids_.find(written);
    return found == ids_.end() ? -1 : found->second;
}

void BytePairs::encode(std::string_view word, std::vector<std::int32_t>& ids) const {
    if (const std::int32_t id = ignoreMerges_ ? wholeWord(word) : -1; id >= 0) {
        ids.push_back(id);
        return;
    }
    std::vector<std::int32_t> symbols;
    symbols.reserve(word.size());
    for (const char byte : word) {
        if (const std::int32_t id = byteIds_[static_cast<unsigned char>(byte)]; id >= 0)
            symbols.push_back(id);
    }
    mergeAll(symbols);
    ids.insert(ids.end(), symbols.begin(), symbols.end());
}

void BytePairs::mergeAll(std::vector<std::int32_t>& symbols) const {
    constexpr std::int32_t gone = -1;
    const auto size = static_cast<std::int32_t>(symbols.size());
    std::vector<std::int32_t> next(size), previous(size);
    for (std::int32_t i = 0; i < size; ++i) {
        next[i] = i + 1;
        previous[i] = i - 1;
    }
    Candidates candidates;
    const auto propose = [&](std::int32_t at) {
        if (at < 0 || next[at] >= size)
            return;
        const std::int32_t left = symbols[at];
        const std::int32_t right = symbols[next[at]];
        if (const Merge* found = merge(left, right))
            candidates.push({found->rank, at, left, right, found->id});
    };
    for (std::int32_t i = 0; i + 1 < size; ++i)
        propose(i);
    while (!candidates.empty()) {
        const Candidate best = candidates.top();
        candidates.pop();
        const std::int32_t right = next[best.at];
        if (symbols[best.at] != best.left || right >= size || symbols[right] != best.right)
            continue;
        symbols[best.at] = best.merged;
        symbols[right] = gone;
        next[best.at] = next[right];
        if (next[right] < size)
            previous[next[right]] = best.at;
        propose(previous[best.at]);
        propose(best.at);
    }
    std::erase(symbols, gone);
}

} // namespace bwla
