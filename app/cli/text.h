// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bwla {

/// printf into a string.
[[nodiscard]] [[gnu::format(printf, 1, 2)]] std::string format(const char* pattern, ...);
/// "12 s", "3 min 20 s", "1 h 5 min".
[[nodiscard]] std::string durationText(double seconds);
/// "98.4 MB", decimal units.
[[nodiscard]] std::string bytesText(std::int64_t bytes);
/// "135 M": how model sizes are written.
[[nodiscard]] std::string countText(std::int64_t count);
/// Line breaks become spaces: an error stays one line whatever a file name holds.
[[nodiscard]] std::string oneLine(std::string_view text);

/// Rows of cells under a head, as the Markdown table that llama-bench prints.
[[nodiscard]] std::string markdownTable(const std::vector<std::string>& head,
                                        const std::vector<std::vector<std::string>>& rows);

/// "name:      value" lines with aligned values.
[[nodiscard]] std::string
alignedLines(const std::vector<std::pair<std::string, std::string>>& lines);

} // namespace bwla
