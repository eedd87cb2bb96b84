// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/text/jinja_lexer.h"

#include <string>
#include <string_view>
#include <vector>

namespace bwla::jinja {

/// The tokens of a template, read one after another. All of it throws SyntaxError.
class TokenStream {
public:
    explicit TokenStream(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

    [[nodiscard]] const Token& peek() const { return tokens_[at_]; }
    [[nodiscard]] int line() const { return peek().line; }
    [[nodiscard]] bool is(Token::Kind kind) const { return peek().kind == kind; }
    [[nodiscard]] bool isSymbol(std::string_view text) const;
    [[nodiscard]] bool isName(std::string_view text) const;
    /// Whether the token after the next is this name.
    [[nodiscard]] bool isNameAfterNext(std::string_view text) const;

    const Token& next();
    bool skipSymbol(std::string_view text);
    bool skipName(std::string_view text);
    void expectSymbol(std::string_view text);
    void expectName(std::string_view text);
    std::string expectAnyName();
    void expect(Token::Kind kind);

    [[noreturn]] void fail(const std::string& reason) const;
    [[noreturn]] void failUnexpected(const std::string& wanted) const;

private:
    std::vector<Token> tokens_;
    std::size_t at_ = 0;
};

} // namespace bwla::jinja
