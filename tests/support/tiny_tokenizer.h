// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/model_source.h"

#include <string>

namespace bwla::test {

/// The byte-level alphabet of GPT-2: printable bytes of Latin-1 stand for themselves, the other 68
/// for the characters from U+0100 on.
inline std::string byteLetter(int byte) {
    const auto printable = [](int b) {
        return (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
    };
    int letter = byte;
    if (!printable(byte)) {
        letter = 256;
        for (int b = 0; b < byte; ++b)
            letter += printable(b) ? 0 : 1;
    }
    if (letter < 128)
        return {static_cast<char>(letter)};
    return {static_cast<char>(0xC0 | letter >> 6), static_cast<char>(0x80 | (letter & 63))};
}

/// 300 tokens: three special ones, the 256 bytes, 41 merges of common English pairs.
inline TokenizerData tinyTokenizer() {
    TokenizerData data;
    data.tokens = {"<|endoftext|>", "<|im_start|>", "<|im_end|>"};
    data.special = data.control = {0, 1, 2};
    for (int byte = 0; byte < 256; ++byte)
        data.tokens.push_back(byteLetter(byte));
    data.merges = {"Ġ t",  "Ġ a",  "h e",  "i n", "r e", "o n", "Ġt he", "e r",  "Ġ s",
                   "a t",  "Ġ w",  "n d",  "Ġ o", "o u", "e n", "i t",   "o r",  "Ġa nd",
                   "in g", "Ġ c",  "e s",  "Ġ b", "Ġ f", "a n", "Ġ in",  "Ġo f", "i s",
                   "Ġt o", "Ġ m",  "Ġ p",  "e d", "a l", "Ġ l", "Ġ d",   "Ġ h",  "Ġ n",
                   "l l",  "Ġ re", "Ġt h", "s t", "l e"};
    for (const std::string& merge : data.merges) {
        const std::size_t space = merge.find(' ');
        data.tokens.push_back(merge.substr(0, space) + merge.substr(space + 1));
    }
    data.preTokenizer = "smollm";
    data.individualDigits = true;
    data.bos = 1;
    data.eos = {2};
    data.chatTemplate =
        "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + "
        "message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}"
        "{{ '<|im_start|>assistant\\n' }}{% endif %}";
    return data;
}

} // namespace bwla::test
