// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/job/shell_command.h"

#include <cstring>

namespace bwla {
namespace {

bool isPlain(char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return letter || std::strchr("_./:=+,@%-", c) != nullptr;
}

std::string quoted(const std::string& word) {
    bool plain = !word.empty();
    for (const char c : word)
        plain = plain && c != '\0' && isPlain(c);
    if (plain)
        return word;
    std::string result = "'";
    for (const char c : word)
        result += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return result + "'";
}

} // namespace

std::string shellCommand(std::span<const std::string> words) {
    std::string command;
    for (const std::string& word : words)
        command += (command.empty() ? "" : " ") + quoted(word);
    return command;
}

} // namespace bwla
