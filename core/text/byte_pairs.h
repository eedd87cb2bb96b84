// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/model_source.h"
#include "core/text/byte_alphabet.h"

#include <array>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace bwla {

/// Byte pair encoding of single words (Sennrich et al. 2016, on bytes as in GPT-2): the pair of
/// neighbours with the best rank is merged, the leftmost first among equals, until none is left.
/// Keeps views into the TokenizerData it was made from, which must outlive it.
class BytePairs {
public:
    /// Throws Error{corrupt} where a merge does not name two tokens whose union is a token.
    BytePairs(const TokenizerData& data, const ByteAlphabet& alphabet);

    /// Appends the ids of `word` (plain bytes). A byte that the vocabulary lacks is left out, as
    /// the tokenizers library does: the default model has no token for six control characters.
    void encode(std::string_view word, std::vector<std::int32_t>& ids) const;

private:
    struct Merge {
        std::int32_t rank;
        std::int32_t id;
    };
    using PairMap = std::unordered_map<std::uint64_t, Merge>;

    [[nodiscard]] std::int32_t wholeWord(std::string_view word) const;
    [[nodiscard]] const Merge* merge(std::int32_t left, std::int32_t right) const;
    void mergeAll(std::vector<std::int32_t>& symbols) const;

    const ByteAlphabet& alphabet_;
    std::unordered_map<std::string_view, std::int32_t> ids_;
    std::array<std::int32_t, 256> byteIds_; ///< -1 = none
    PairMap merges_;
    bool ignoreMerges_;
};

} // namespace bwla
