// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/text/byte_alphabet.h"

#include "core/text/utf8.h"

namespace bwla {
namespace {

bool standsForItself(int byte) {
    return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

} // namespace

ByteAlphabet::ByteAlphabet() {
    byteOf_.fill(-1);
    char32_t nextCode = 0x100;
    for (int byte = 0; byte < 256; ++byte) {
        const char32_t code = standsForItself(byte) ? static_cast<char32_t>(byte) : nextCode++;
        appendUtf8(written_[byte], code);
        byteOf_[code] = static_cast<std::int16_t>(byte);
    }
}

std::string ByteAlphabet::bytes(std::string_view token) const {
    std::string out;
    out.reserve(token.size());
    for (const std::string_view character : utf8Chars(token)) {
        const Utf8Char read = firstUtf8Char(character);
        const bool known =
            read.state == Utf8Char::State::whole && read.code < codes && byteOf_[read.code] >= 0;
        if (known)
            out += static_cast<char>(byteOf_[read.code]);
        else
            out += character;
    }
    return out;
}

} // namespace bwla
