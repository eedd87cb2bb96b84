// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/model_source.h"

#include <array>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace bwla {

/// Finds special tokens spelled out in text: leftmost first, the longest of those that start there.
/// Keeps views into the TokenizerData it was made from, which must outlive it.
class SpecialTokens {
public:
    explicit SpecialTokens(const TokenizerData& data);

    struct Match {
        std::size_t at;
        std::size_t length; ///< bytes; 0 = nothing found, `at` is the end of the text
        std::int32_t id;
    };
    /// The first match at or after byte `from`.
    [[nodiscard]] Match find(std::string_view text, std::size_t from) const;

private:
    std::unordered_map<std::string_view, std::int32_t> ids_;
    std::vector<std::size_t> lengths_; ///< distinct, longest first
    std::array<bool, 256> starts_{};   ///< bytes with which a special token begins
};

} // namespace bwla
