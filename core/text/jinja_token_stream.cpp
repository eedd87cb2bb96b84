// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/text/jinja_token_stream.h"

namespace bwla::jinja {
namespace {

std::string described(const Token& token) {
    switch (token.kind) {
    case Token::Kind::open:
        return "'{{'";
    case Token::Kind::close:
        return "'}}'";
    case Token::Kind::tagOpen:
        return "'{%'";
    case Token::Kind::tagClose:
        return "'%}'";
    case Token::Kind::text:
        return "text";
    case Token::Kind::string:
        return "a string";
    case Token::Kind::end:
        return "the end of the template";
    default:
        return "'" + token.text + "'";
    }
}

} // namespace

bool TokenStream::isSymbol(std::string_view text) const {
    return is(Token::Kind::symbol) && peek().text == text;
}

bool TokenStream::isName(std::string_view text) const {
    return is(Token::Kind::name) && peek().text == text;
}

bool TokenStream::isNameAfterNext(std::string_view text) const {
    return at_ + 1 < tokens_.size() && tokens_[at_ + 1].kind == Token::Kind::name &&
           tokens_[at_ + 1].text == text;
}

const Token& TokenStream::next() {
    const Token& token = tokens_[at_];
    if (at_ + 1 < tokens_.size())
        ++at_;
    return token;
}

bool TokenStream::skipSymbol(std::string_view text) {
    const bool there = isSymbol(text);
    if (there)
        next();
    return there;
}

bool TokenStream::skipName(std::string_view text) {
    const bool there = isName(text);
    if (there)
        next();
    return there;
}

void TokenStream::expectSymbol(std::string_view text) {
    if (!skipSymbol(text))
        failUnexpected("'" + std::string(text) + "'");
}

void TokenStream::expectName(std::string_view text) {
    if (!skipName(text))
        failUnexpected("'" + std::string(text) + "'");
}

std::string TokenStream::expectAnyName() {
    if (!is(Token::Kind::name))
        failUnexpected("a name");
    return next().text;
}

void TokenStream::expect(Token::Kind kind) {
    if (!is(kind))
        failUnexpected(described({kind, "", 0}));
    next();
}

void TokenStream::fail(const std::string& reason) const {
    throw SyntaxError{line(), reason};
}

void TokenStream::failUnexpected(const std::string& wanted) const {
    fail("expected " + wanted + ", found " + described(peek()));
}

} // namespace bwla::jinja
