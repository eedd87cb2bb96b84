// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/text/jinja_text.h"

#include "core/text/utf8.h"

#include <algorithm>

namespace bwla::jinja {
namespace {

char upperChar(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}
char lowerChar(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
/// Bytes of characters beyond ASCII count as letters.
bool isLetter(char c) {
    return lowerChar(c) != upperChar(c) || static_cast<unsigned char>(c) >= 0x80;
}

/// Python's str.isspace, of one character.
bool isSpace(std::string_view character) {
    const Utf8Char read = firstUtf8Char(character);
    const char32_t code = read.state == Utf8Char::State::whole ? read.code : U'x';
    return (code >= 0x09 && code <= 0x0D) || (code >= 0x1C && code <= 0x20) || code == 0x85 ||
           code == 0xA0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 ||
           code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000;
}

/// Length of the last character of a text that is not empty.
std::size_t lastLength(std::string_view text) {
    std::size_t length = 1;
    const auto continues = [&] { return (text[text.size() - length] & 0xC0) == 0x80; };
    while (length < 4 && length < text.size() && continues())
        ++length;
    return length;
}

std::vector<std::string> splitFromLeft(std::string_view text, std::string_view separator,
                                       std::int64_t limit) {
    std::vector<std::string> parts;
    for (std::size_t cut = 0; limit != 0 && (cut = text.find(separator)) != text.npos; --limit) {
        parts.emplace_back(text.substr(0, cut));
        text.remove_prefix(cut + separator.size());
    }
    parts.emplace_back(text);
    return parts;
}

std::vector<std::string> splitFromRight(std::string_view text, std::string_view separator,
                                        std::int64_t limit) {
    std::vector<std::string> parts;
    for (std::size_t cut = 0; limit != 0 && (cut = text.rfind(separator)) != text.npos; --limit) {
        parts.emplace_back(text.substr(cut + separator.size()));
        text = text.substr(0, cut);
    }
    parts.emplace_back(text);
    std::reverse(parts.begin(), parts.end());
    return parts;
}

/// The word at one end of a text without white space there, taken off it.
std::string takeWord(std::string_view& text, Side side) {
    std::size_t length = 0;
    while (length < text.size()) {
        const std::string_view left =
            side == Side::left ? text.substr(length) : text.substr(0, text.size() - length);
        const std::size_t size = side == Side::left ? firstUtf8Char(left).length : lastLength(left);
        if (isSpace(side == Side::left ? left.substr(0, size) : left.substr(left.size() - size)))
            break;
        length += size;
    }
    const std::size_t begin = side == Side::left ? 0 : text.size() - length;
    std::string word(text.substr(begin, length));
    text = side == Side::left ? text.substr(length) : text.substr(0, begin);
    return word;
}

std::string_view strip(std::string_view text, Side side,
                       const std::optional<std::string>& characters) {
    const auto goes = [&](std::string_view character) {
        return characters ? characters->find(character) != std::string::npos : isSpace(character);
    };
    if (side != Side::right) {
        while (!text.empty()) {
            const auto length = static_cast<std::size_t>(firstUtf8Char(text).length);
            if (!goes(text.substr(0, length)))
                break;
            text.remove_prefix(length);
        }
    }
    if (side != Side::left) {
        while (!text.empty()) {
            const std::size_t length = lastLength(text);
            if (!goes(text.substr(text.size() - length)))
                break;
            text.remove_suffix(length);
        }
    }
    return text;
}

} // namespace

std::string upper(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), upperChar);
    return text;
}

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), lowerChar);
    return text;
}

std::string capitalized(std::string text) {
    text = lower(std::move(text));
    if (!text.empty())
        text.front() = upperChar(text.front());
    return text;
}

std::string titled(std::string text, std::string_view breaks) {
    bool starts = true;
    for (char& c : text) {
        const bool isBreak = breaks.empty() ? !isLetter(c) : breaks.find(c) != breaks.npos;
        c = starts ? upperChar(c) : lowerChar(c);
        starts = isBreak;
    }
    return text;
}

std::string stripped(std::string_view text, Side side,
                     const std::optional<std::string>& characters) {
    return std::string(strip(text, side, characters));
}

std::vector<std::string> split(std::string_view text, std::string_view separator,
                               std::int64_t limit, Side side) {
    return side == Side::right ? splitFromRight(text, separator, limit)
                               : splitFromLeft(text, separator, limit);
}

std::vector<std::string> splitAtSpaces(std::string_view text, std::int64_t limit, Side side) {
    std::vector<std::string> words;
    for (text = strip(text, side, {}); !text.empty(); text = strip(text, side, {})) {
        if (limit-- == 0) {
            words.emplace_back(text);
            break;
        }
        words.push_back(takeWord(text, side));
    }
    if (side == Side::right)
        std::reverse(words.begin(), words.end());
    return words;
}

std::vector<std::string> splitLines(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of("\r\n"), text.size());
        lines.emplace_back(text.substr(0, end));
        const std::size_t newline = text.substr(end).starts_with("\r\n") ? 2 : 1;
        text.remove_prefix(std::min(end + newline, text.size()));
    }
    return lines;
}

std::int64_t countOf(std::string_view text, std::string_view part) {
    std::int64_t count = 0;
    for (std::size_t at = 0; (at = text.find(part, at)) != text.npos; at += part.size())
        ++count;
    return count;
}

std::string replaced(std::string_view text, std::string_view part, std::string_view with,
                     std::int64_t limit) {
    std::string out;
    for (std::size_t at = 0; limit != 0 && (at = text.find(part)) != text.npos; --limit) {
        out += text.substr(0, at);
        out += with;
        text.remove_prefix(at + part.size());
    }
    return out += text;
}

std::size_t searchCost(std::string_view text, std::string_view part) {
    // In the worst case every byte of one is compared with every byte of the other, 64 at once.
    return text.size() * (1 + part.size() / 64);
}

} // namespace bwla::jinja
