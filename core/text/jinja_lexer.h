// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bwla::jinja {

/// Text, line and reason of a template that cannot be parsed.
struct SyntaxError {
    int line;
    std::string reason;
};

struct Token {
    enum class Kind {
        text,     ///< outside of tags, white space control applied
        open,     ///< {{
        close,    ///< }}
        tagOpen,  ///< {%
        tagClose, ///< %}
        name,
        string, ///< `text` is unescaped
        integer,
        number, ///< floating point
        symbol, ///< operator or bracket
        end,
    };
    Kind kind;
    std::string text;
    int line; ///< from 1
};

/// Cuts a template into tokens, with trim_blocks and lstrip_blocks on and one newline at the end
/// dropped. Comments and raw blocks are resolved here. Ends with an `end` token.
/// Throws SyntaxError.
[[nodiscard]] std::vector<Token> tokenize(const std::string& source);

} // namespace bwla::jinja
