// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bwla {

/// A regular expression that cuts text into pieces: every match is a piece, and so is what lies
/// between matches ("isolated" in the tokenizers library). PCRE2 with Unicode properties, compiled
/// to machine code where the system allows it. Immutable and thread-safe.
class SplitPattern {
public:
    /// Throws Error{unsupportedTokenizer} with PCRE2's reason.
    explicit SplitPattern(const std::string& pattern);
    ~SplitPattern();
    SplitPattern(SplitPattern&&) noexcept;

    /// Cuts each of `pieces`, which must be UTF-8, in turn: no match sees beyond its piece. The
    /// result are views into the same text. Throws Error{unsupportedTokenizer} where a pattern of
    /// the model exceeds PCRE2's limits.
    [[nodiscard]] std::vector<std::string_view>
    split(const std::vector<std::string_view>& pieces) const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace bwla
