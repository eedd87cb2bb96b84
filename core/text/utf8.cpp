// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/text/utf8.h"

namespace bwla {

Utf8Char firstUtf8Char(std::string_view bytes) {
    using State = Utf8Char::State;
    const auto byte = [&](int i) { return static_cast<unsigned char>(bytes[i]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80)
        return {State::whole, 1, lead};
    if (lead < 0xC2 || lead > 0xF4)
        return {State::broken, 1, 0};
    const int length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    // Table 3-7 of the Unicode standard: four leads narrow the range of the second byte.
    unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    char32_t code = lead & (0x7Fu >> length);
    for (int i = 1; i < length; ++i) {
        if (static_cast<std::size_t>(i) == bytes.size())
            return {State::cut, i, 0};
        if (byte(i) < low || byte(i) > high)
            return {State::broken, i, 0};
        code = code << 6 | (byte(i) & 0x3Fu);
        low = 0x80;
        high = 0xBF;
    }
    return {State::whole, length, code};
}

std::optional<std::int64_t> firstBadUtf8Byte(std::string_view bytes) {
    for (std::size_t at = 0; at < bytes.size();) {
        const Utf8Char next = firstUtf8Char(bytes.substr(at));
        if (next.state != Utf8Char::State::whole)
            return static_cast<std::int64_t>(at);
        at += next.length;
    }
    return std::nullopt;
}

void appendUtf8(std::string& out, char32_t code) {
    const auto tail = [&](int shift) { out += static_cast<char>(0x80 | (code >> shift & 0x3F)); };
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += static_cast<char>(0xC0 | code >> 6);
        tail(0);
    } else if (code < 0x10000) {
        out += static_cast<char>(0xE0 | code >> 12);
        tail(6);
        tail(0);
    } else {
        out += static_cast<char>(0xF0 | code >> 18);
        tail(12);
        tail(6);
        tail(0);
    }
}

std::vector<std::string_view> utf8Chars(std::string_view text) {
    std::vector<std::string_view> chars;
    for (std::size_t at = 0; at < text.size();) {
        const auto length = static_cast<std::size_t>(firstUtf8Char(text.substr(at)).length);
        chars.push_back(text.substr(at, length));
        at += length;
    }
    return chars;
}

} // namespace bwla
