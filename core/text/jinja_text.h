// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Python's string methods on UTF-8. Case is changed for ASCII letters only: templates use it on
/// role and parameter names. White space is Unicode's.
namespace bwla::jinja {

enum class Side { left, right, both };

[[nodiscard]] std::string upper(std::string text);
[[nodiscard]] std::string lower(std::string text);
[[nodiscard]] std::string capitalized(std::string text);
/// Every letter that follows one of `breaks`, or no letter where that is empty, in upper case.
[[nodiscard]] std::string titled(std::string text, std::string_view breaks);

/// Without `characters`, white space goes.
[[nodiscard]] std::string stripped(std::string_view text, Side side,
                                   const std::optional<std::string>& characters);
/// At `separator`, which must not be empty; at most `limit` cuts (-1 = all), counted from `side`.
[[nodiscard]] std::vector<std::string> split(std::string_view text, std::string_view separator,
                                             std::int64_t limit, Side side);
/// At runs of white space; none at the ends.
[[nodiscard]] std::vector<std::string> splitAtSpaces(std::string_view text, std::int64_t limit,
                                                     Side side);
[[nodiscard]] std::vector<std::string> splitLines(std::string_view text);

[[nodiscard]] std::int64_t countOf(std::string_view text, std::string_view part);
/// The first `limit` (-1 = all) occurrences of `part`, which must not be empty.
[[nodiscard]] std::string replaced(std::string_view text, std::string_view part,
                                   std::string_view with, std::int64_t limit);

/// Steps that finding `part` may take.
[[nodiscard]] std::size_t searchCost(std::string_view text, std::string_view part);

} // namespace bwla::jinja
