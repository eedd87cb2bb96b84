// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bwla {

/// Ends a streamed text before the first of some strings. What might be the beginning of one is
/// held back until it is decided, so nothing of a stop string is ever shown.
class StopStrings {
public:
    /// Empty strings are ignored; with none left, text passes at once.
    explicit StopStrings(std::vector<std::string> strings);

    /// Returns what may be shown now that `text` was added; nothing after a string was found.
    [[nodiscard]] std::string add(std::string_view text);
    [[nodiscard]] bool found() const { return found_; }
    /// What was held back, at the end of a text that none of the strings ended.
    [[nodiscard]] std::string finish();

private:
    std::vector<std::string> strings_;
    std::string held_;
    bool found_ = false;
};

} // namespace bwla
