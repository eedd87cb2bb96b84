// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bwla {

/// The first character of a byte string as UTF-8 of RFC 3629: no surrogates, no overlong forms,
/// nothing above U+10FFFF.
struct Utf8Char {
    enum class State {
        whole,
        broken, ///< `length` bytes can never become a character
        cut,    ///< the text ends inside what may become one
    };
    State state = State::whole;
    int length = 0;    ///< bytes, at least 1
    char32_t code = 0; ///< only if whole
};

/// `bytes` must not be empty. A broken sequence is as long as Unicode's "maximal subpart", the
/// length that decoders replace by one U+FFFD.
[[nodiscard]] Utf8Char firstUtf8Char(std::string_view bytes);

/// Offset of the first byte that is not part of a whole character.
[[nodiscard]] std::optional<std::int64_t> firstBadUtf8Byte(std::string_view bytes);

void appendUtf8(std::string& out, char32_t code);

/// Whole characters of `text` as views into it; a broken byte counts as a character.
[[nodiscard]] std::vector<std::string_view> utf8Chars(std::string_view text);

inline constexpr std::string_view replacementCharacter = "\xEF\xBF\xBD"; // U+FFFD

} // namespace bwla
