// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/text/jinja_expression_parser.h"

#include <charconv>

namespace bwla::jinja {

using Kind = Token::Kind;

ExpressionPtr ExpressionParser::parsePrimary() {
    const int line = tokens_.line();
    switch (tokens_.peek().kind) {
    case Kind::name:
        return parseNamed();
    case Kind::integer:
    case Kind::number:
        return parseNumber();
    case Kind::string: {
        std::string text;
        while (tokens_.is(Kind::string))
            text += tokens_.next().text;
        return make(line, Literal{Value(std::move(text))});
    }
    default:
        break;
    }
    if (tokens_.skipSymbol("("))
        return parseParenthesis();
    if (tokens_.skipSymbol("["))
        return parseList();
    if (tokens_.skipSymbol("{"))
        return parseDict();
    tokens_.failUnexpected("an expression");
}

ExpressionPtr ExpressionParser::parseNamed() {
    const int line = tokens_.line();
    std::string name = tokens_.next().text;
    if (name == "true" || name == "True")
        return make(line, Literal{Value(true)});
    if (name == "false" || name == "False")
        return make(line, Literal{Value(false)});
    if (name == "none" || name == "None")
        return make(line, Literal{Value(None{})});
    return make(line, Name{std::move(name)});
}

ExpressionPtr ExpressionParser::parseNumber() {
    const Token& token = tokens_.peek();
    const char* begin = token.text.data();
    const char* end = begin + token.text.size();
    std::int64_t integer = 0;
    double number = 0.0;
    const bool isInteger = token.kind == Kind::integer;
    const auto read =
        isInteger ? std::from_chars(begin, end, integer) : std::from_chars(begin, end, number);
    if (read.ec != std::errc())
        tokens_.fail("number out of range");
    const int line = token.line;
    tokens_.next();
    return make(line, Literal{isInteger ? Value(integer) : Value(number)});
}

ExpressionPtr ExpressionParser::parseParenthesis() {
    const int line = tokens_.line();
    if (tokens_.skipSymbol(")"))
        return make(line, ListLiteral{});
    ExpressionPtr inner = parse();
    tokens_.expectSymbol(")");
    return inner;
}

ExpressionPtr ExpressionParser::parseList() {
    const int line = tokens_.line();
    ListLiteral list;
    while (!tokens_.skipSymbol("]")) {
        if (!list.items.empty()) {
            tokens_.expectSymbol(",");
            if (tokens_.skipSymbol("]"))
                break;
        }
        list.items.push_back(parseConditional());
    }
    return make(line, std::move(list));
}

ExpressionPtr ExpressionParser::parseDict() {
    const int line = tokens_.line();
    DictLiteral dict;
    while (!tokens_.skipSymbol("}")) {
        if (!dict.entries.empty()) {
            tokens_.expectSymbol(",");
            if (tokens_.skipSymbol("}"))
                break;
        }
        ExpressionPtr key = parseConditional();
        tokens_.expectSymbol(":");
        dict.entries.emplace_back(std::move(key), parseConditional());
    }
    return make(line, std::move(dict));
}

} // namespace bwla::jinja
