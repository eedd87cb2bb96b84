// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/text/jinja_ast.h"
#include "core/text/jinja_token_stream.h"

namespace bwla::jinja {

/// Parses expressions by recursive descent, one function a level of precedence.
class ExpressionParser {
public:
    explicit ExpressionParser(TokenStream& tokens) : tokens_(tokens) {}

    /// One expression, or several separated by commas as a list. Without `withCondition`, an `if`
    /// ends it (the items of a for loop). Throws SyntaxError.
    [[nodiscard]] ExpressionPtr parse(bool withCondition = true);
    /// "name" or "name(arguments)", after the bar.
    [[nodiscard]] Filter parseFilter();
    /// The filters that follow, each with its bar.
    [[nodiscard]] std::vector<Filter> parseFilters();
    /// As parse, without commas.
    [[nodiscard]] ExpressionPtr parseSingle();

private:
    class Nesting;

    ExpressionPtr make(int line, Expression::Node node);

    ExpressionPtr parseConditional();
    ExpressionPtr parseOr();
    ExpressionPtr parseAnd();
    ExpressionPtr parseNot();
    ExpressionPtr parseComparison();
    ExpressionPtr parseSum();
    ExpressionPtr parseConcatenation();
    ExpressionPtr parseProduct();
    ExpressionPtr parsePower();
    ExpressionPtr parseUnary(bool withFilters);
    ExpressionPtr parsePrimary();
    ExpressionPtr parseNamed();
    ExpressionPtr parseNumber();
    ExpressionPtr parseParenthesis();
    ExpressionPtr parseList();
    ExpressionPtr parseDict();
    ExpressionPtr parsePostfix(ExpressionPtr expression);
    ExpressionPtr parseFiltersAndTests(ExpressionPtr expression);
    ExpressionPtr parseMember(ExpressionPtr object);
    ExpressionPtr parseIndex(ExpressionPtr object);
    ExpressionPtr parseTest(ExpressionPtr input);
    ArgumentList parseArguments();
    [[nodiscard]] bool startsTestArgument() const;

    TokenStream& tokens_;
    int nodes_ = 0;
    int depth_ = 0;
};

} // namespace bwla::jinja
