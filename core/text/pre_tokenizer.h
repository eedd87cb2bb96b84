// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/model_source.h"
#include "core/text/split_pattern.h"

#include <string_view>
#include <vector>

namespace bwla {

/// Cuts text into the words inside which byte pairs are merged. Immutable and thread-safe.
class PreTokenizer {
public:
    /// Takes `pattern` where there is one, else the pattern that `preTokenizer` names.
    /// Throws Error{unsupportedTokenizer} with the unknown name.
    explicit PreTokenizer(const TokenizerData& data);

    /// Views into `text`, which must be UTF-8; together they are the whole of it.
    [[nodiscard]] std::vector<std::string_view> words(std::string_view text) const;

private:
    std::vector<SplitPattern> stages_; ///< each cuts the pieces of the one before
};

} // namespace bwla
