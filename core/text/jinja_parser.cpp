// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/text/jinja_parser.h"

#include "core/text/jinja_expression_parser.h"
#include "core/text/jinja_token_stream.h"

#include <algorithm>
#include <initializer_list>

namespace bwla::jinja {
namespace {

using Kind = Token::Kind;
using Words = std::initializer_list<const char*>;

constexpr int maxBlocks = 60; // nested: the evaluator recurses over them

class Parser {
public:
    explicit Parser(std::vector<Token> tokens)
        : tokens_(std::move(tokens)), expressions_(tokens_) {}

    Body run() {
        Body body = parseBody({}, 1);
        if (!tokens_.is(Kind::end))
            tokens_.fail("'" + tokens_.peek().text + "' without the block it ends");
        return body;
    }

private:
    Body parseBody(Words ends, int line);
    Statement parseTag();
    Statement parseIf(int line);
    Statement parseFor(int line);
    Statement parseSet(int line);
    Statement parseWith(int line);
    Statement parseMacro(int line);
    Statement parseFilterBlock(int line);
    Statement parseGeneration(int line);
    Target parseTarget(bool mayBeMember);
    Body parseBlock(const char* end, int line);
    void closeTag() { tokens_.expect(Kind::tagClose); }

    TokenStream tokens_;
    ExpressionParser expressions_;
    int depth_ = 0;
    int loops_ = 0;
};

/// Statements up to a tag that begins with one of `ends`, whose word is then the next token;
/// without `ends`, up to the end or a tag that ends nothing. `line` is where the block began.
Body Parser::parseBody(Words ends, int line) {
    if (++depth_ > maxBlocks)
        tokens_.fail("blocks nested too deeply");
    Body body;
    for (;;) {
        const int here = tokens_.line();
        if (tokens_.is(Kind::text)) {
            body.push_back({here, Text{tokens_.next().text}});
        } else if (tokens_.is(Kind::open)) {
            tokens_.next();
            body.push_back({here, Output{expressions_.parse()}});
            tokens_.expect(Kind::close);
        } else if (tokens_.is(Kind::tagOpen)) {
            tokens_.next();
            const bool isEnd = std::any_of(ends.begin(), ends.end(),
                                           [&](const char* word) { return tokens_.isName(word); });
            if (isEnd)
                break;
            body.push_back(parseTag());
        } else if (ends.size() == 0) {
            break;
        } else {
            throw SyntaxError{line, "block without '" + std::string(*(ends.end() - 1)) + "'"};
        }
    }
    --depth_;
    return body;
}

/// A body up to the tag `end`, including that.
Body Parser::parseBlock(const char* end, int line) {
    closeTag();
    Body body = parseBody({end}, line);
    tokens_.expectName(end);
    closeTag();
    return body;
}

Statement Parser::parseTag() {
    const int line = tokens_.line();
    const std::string word = tokens_.expectAnyName();
    if (word == "if")
        return parseIf(line);
    if (word == "for")
        return parseFor(line);
    if (word == "set")
        return parseSet(line);
    if (word == "with")
        return parseWith(line);
    if (word == "macro")
        return parseMacro(line);
    if (word == "filter")
        return parseFilterBlock(line);
    if (word == "generation")
        return parseGeneration(line);
    if (word == "break" || word == "continue") {
        if (loops_ == 0)
            throw SyntaxError{line, "'" + word + "' outside of a loop"};
        closeTag();
        return word == "break" ? Statement{line, Break{}} : Statement{line, Continue{}};
    }
    throw SyntaxError{line, "tag '" + word + "' is not supported or misplaced"};
}

Statement Parser::parseIf(int line) {
    If statement;
    for (;;) {
        ExpressionPtr test = expressions_.parse();
        closeTag();
        statement.branches.emplace_back(std::move(test),
                                        parseBody({"elif", "else", "endif"}, line));
        if (!tokens_.skipName("elif"))
            break;
    }
    if (tokens_.skipName("else"))
        statement.otherwise = parseBlock("endif", line);
    else {
        tokens_.expectName("endif");
        closeTag();
    }
    return {line, std::move(statement)};
}

Statement Parser::parseFor(int line) {
    For loop;
    loop.target = parseTarget(false);
    tokens_.expectName("in");
    loop.items = expressions_.parse(false);
    if (tokens_.skipName("if"))
        loop.filter = expressions_.parseSingle();
    if (tokens_.isName("recursive"))
        tokens_.fail("recursive loops are not supported");
    closeTag();
    ++loops_;
    loop.body = parseBody({"else", "endfor"}, line);
    --loops_;
    if (tokens_.skipName("else"))
        loop.otherwise = parseBlock("endfor", line);
    else {
        tokens_.expectName("endfor");
        closeTag();
    }
    return {line, std::move(loop)};
}

Target Parser::parseTarget(bool mayBeMember) {
    Target target;
    const bool bracketed = tokens_.skipSymbol("(");
    target.names.push_back(tokens_.expectAnyName());
    if (mayBeMember && tokens_.skipSymbol(".")) {
        target.attribute = tokens_.expectAnyName();
        return target;
    }
    while (tokens_.skipSymbol(",")) {
        target.unpack = true;
        if (tokens_.is(Kind::name) && !tokens_.isName("in"))
            target.names.push_back(tokens_.expectAnyName());
    }
    if (bracketed)
        tokens_.expectSymbol(")");
    return target;
}

Statement Parser::parseSet(int line) {
    Target target = parseTarget(true);
    if (tokens_.skipSymbol("=")) {
        Set statement{std::move(target), expressions_.parse()};
        closeTag();
        return {line, std::move(statement)};
    }
    SetBlock block{std::move(target), expressions_.parseFilters(), {}};
    block.body = parseBlock("endset", line);
    return {line, std::move(block)};
}

Statement Parser::parseWith(int line) {
    With block;
    while (!tokens_.is(Kind::tagClose)) {
        if (!block.variables.empty())
            tokens_.expectSymbol(",");
        std::string name = tokens_.expectAnyName();
        tokens_.expectSymbol("=");
        block.variables.emplace_back(std::move(name), expressions_.parseSingle());
    }
    block.body = parseBlock("endwith", line);
    return {line, std::move(block)};
}

Statement Parser::parseMacro(int line) {
    auto macro = std::make_unique<Macro>();
    macro->name = tokens_.expectAnyName();
    tokens_.expectSymbol("(");
    while (!tokens_.skipSymbol(")")) {
        if (!macro->parameters.empty())
            tokens_.expectSymbol(",");
        std::string name = tokens_.expectAnyName();
        ExpressionPtr otherwise = tokens_.skipSymbol("=") ? expressions_.parseSingle() : nullptr;
        macro->parameters.emplace_back(std::move(name), std::move(otherwise));
    }
    const int outerLoops = std::exchange(loops_, 0); // a macro's body is not in the loop around it
    macro->body = parseBlock("endmacro", line);
    loops_ = outerLoops;
    return {line, std::move(macro)};
}

Statement Parser::parseFilterBlock(int line) {
    FilterBlock block;
    block.filters.push_back(expressions_.parseFilter());
    for (Filter& filter : expressions_.parseFilters())
        block.filters.push_back(std::move(filter));
    block.body = parseBlock("endfilter", line);
    return {line, std::move(block)};
}

Statement Parser::parseGeneration(int line) {
    return {line, Generation{parseBlock("endgeneration", line)}};
}

} // namespace

Body parseTemplate(const std::string& source) {
    return Parser(tokenize(source)).run();
}

} // namespace bwla::jinja
