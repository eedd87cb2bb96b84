// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/text/jinja_expression_parser.h"

#include <algorithm>
#include <array>
#include <optional>

namespace bwla::jinja {
namespace {

// The evaluator recurses over expressions, so their size bounds its stack. The longest expressions
// of published chat templates have some 60 nodes.
constexpr int maxNodes = 500;
constexpr int maxDepth = 200; // a pair of parentheses takes three

using Kind = Token::Kind;

std::optional<Comparison::Operator> comparisonAt(TokenStream& tokens) {
    using Op = Comparison::Operator;
    static constexpr std::array<std::pair<const char*, Op>, 6> symbols{{{"==", Op::equal},
                                                                        {"!=", Op::unequal},
                                                                        {"<=", Op::lessOrEqual},
                                                                        {">=", Op::greaterOrEqual},
                                                                        {"<", Op::less},
                                                                        {">", Op::greater}}};
    for (const auto& [symbol, op] : symbols) {
        if (tokens.skipSymbol(symbol))
            return op;
    }
    if (tokens.skipName("in"))
        return Op::in;
    if (tokens.isName("not") && tokens.isNameAfterNext("in")) {
        tokens.next();
        tokens.next();
        return Op::notIn;
    }
    return std::nullopt;
}

} // namespace

/// Counts the recursion of the parser, which parentheses deepen without making nodes.
class ExpressionParser::Nesting {
public:
    explicit Nesting(ExpressionParser& parser) : depth_(parser.depth_) {
        if (++depth_ > maxDepth)
            parser.tokens_.fail("expression nested too deeply");
    }
    ~Nesting() { --depth_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

private:
    int& depth_;
};

ExpressionPtr ExpressionParser::make(int line, Expression::Node node) {
    if (++nodes_ > maxNodes)
        tokens_.fail("expression too long");
    return std::make_unique<Expression>(Expression{line, std::move(node)});
}

ExpressionPtr ExpressionParser::parse(bool withCondition) {
    if (depth_ == 0)
        nodes_ = 0;
    const int line = tokens_.line();
    const auto part = [&] { return withCondition ? parseConditional() : parseOr(); };
    ExpressionPtr first = part();
    if (!tokens_.isSymbol(","))
        return first;
    ListLiteral list;
    list.items.push_back(std::move(first));
    while (tokens_.skipSymbol(",")) {
        const bool ends =
            tokens_.is(Kind::close) || tokens_.is(Kind::tagClose) || tokens_.isSymbol(")");
        if (ends)
            break;
        list.items.push_back(part());
    }
    return make(line, std::move(list));
}

ExpressionPtr ExpressionParser::parseSingle() {
    if (depth_ == 0)
        nodes_ = 0;
    return parseConditional();
}

ExpressionPtr ExpressionParser::parseConditional() {
    const Nesting nesting(*this);
    const int line = tokens_.line();
    ExpressionPtr yes = parseOr();
    while (tokens_.skipName("if")) {
        ExpressionPtr test = parseOr();
        ExpressionPtr no = tokens_.skipName("else") ? parseConditional() : nullptr;
        yes = make(line, Conditional{std::move(test), std::move(yes), std::move(no)});
    }
    return yes;
}

ExpressionPtr ExpressionParser::parseOr() {
    const int line = tokens_.line();
    ExpressionPtr left = parseAnd();
    while (tokens_.skipName("or"))
        left = make(line, Logic{false, std::move(left), parseAnd()});
    return left;
}

ExpressionPtr ExpressionParser::parseAnd() {
    const int line = tokens_.line();
    ExpressionPtr left = parseNot();
    while (tokens_.skipName("and"))
        left = make(line, Logic{true, std::move(left), parseNot()});
    return left;
}

ExpressionPtr ExpressionParser::parseNot() {
    const Nesting nesting(*this);
    const int line = tokens_.line();
    if (tokens_.skipName("not"))
        return make(line, Unary{Unary::Operator::logicalNot, parseNot()});
    return parseComparison();
}

ExpressionPtr ExpressionParser::parseComparison() {
    const int line = tokens_.line();
    Comparison comparison{parseSum(), {}};
    while (const auto op = comparisonAt(tokens_))
        comparison.rest.emplace_back(*op, parseSum());
    if (comparison.rest.empty())
        return std::move(comparison.first);
    return make(line, std::move(comparison));
}

ExpressionPtr ExpressionParser::parseSum() {
    using Op = Binary::Operator;
    const int line = tokens_.line();
    ExpressionPtr left = parseConcatenation();
    while (tokens_.isSymbol("+") || tokens_.isSymbol("-")) {
        const Op op = tokens_.next().text == "+" ? Op::add : Op::subtract;
        left = make(line, Binary{op, std::move(left), parseConcatenation()});
    }
    return left;
}

ExpressionPtr ExpressionParser::parseConcatenation() {
    const int line = tokens_.line();
    ExpressionPtr left = parseProduct();
    while (tokens_.skipSymbol("~"))
        left = make(line, Binary{Binary::Operator::concatenate, std::move(left), parseProduct()});
    return left;
}

ExpressionPtr ExpressionParser::parseProduct() {
    using Op = Binary::Operator;
    static constexpr std::array<std::pair<const char*, Op>, 4> symbols{
        {{"*", Op::multiply}, {"/", Op::divide}, {"//", Op::floorDivide}, {"%", Op::modulo}}};
    const int line = tokens_.line();
    ExpressionPtr left = parsePower();
    for (;;) {
        const auto* const found =
            std::find_if(symbols.begin(), symbols.end(),
                         [&](const auto& symbol) { return tokens_.skipSymbol(symbol.first); });
        if (found == symbols.end())
            return left;
        left = make(line, Binary{found->second, std::move(left), parsePower()});
    }
}

ExpressionPtr ExpressionParser::parsePower() {
    const int line = tokens_.line();
    ExpressionPtr left = parseUnary(true);
    while (tokens_.skipSymbol("**"))
        left = make(line, Binary{Binary::Operator::power, std::move(left), parseUnary(true)});
    return left;
}

ExpressionPtr ExpressionParser::parseUnary(bool withFilters) {
    const Nesting nesting(*this);
    const int line = tokens_.line();
    ExpressionPtr expression;
    if (tokens_.skipSymbol("-"))
        expression = make(line, Unary{Unary::Operator::minus, parseUnary(false)});
    else if (tokens_.skipSymbol("+"))
        expression = make(line, Unary{Unary::Operator::plus, parseUnary(false)});
    else
        expression = parsePrimary();
    expression = parsePostfix(std::move(expression));
    return withFilters ? parseFiltersAndTests(std::move(expression)) : std::move(expression);
}

ExpressionPtr ExpressionParser::parsePostfix(ExpressionPtr expression) {
    for (;;) {
        const int line = tokens_.line();
        if (tokens_.skipSymbol("."))
            expression = parseMember(std::move(expression));
        else if (tokens_.skipSymbol("["))
            expression = parseIndex(std::move(expression));
        else if (tokens_.skipSymbol("("))
            expression = make(line, Call{std::move(expression), parseArguments()});
        else
            return expression;
    }
}

ExpressionPtr ExpressionParser::parseFiltersAndTests(ExpressionPtr expression) {
    for (;;) {
        const int line = tokens_.line();
        if (tokens_.skipSymbol("|"))
            expression = make(line, Filtered{std::move(expression), parseFilter()});
        else if (tokens_.skipName("is"))
            expression = parseTest(std::move(expression));
        else if (tokens_.skipSymbol("("))
            expression = make(line, Call{std::move(expression), parseArguments()});
        else
            return expression;
    }
}

ExpressionPtr ExpressionParser::parseMember(ExpressionPtr object) {
    const int line = tokens_.line();
    if (tokens_.is(Kind::integer)) {
        ExpressionPtr index = parseNumber();
        return make(line, Index{std::move(object), std::move(index)});
    }
    return make(line, Member{std::move(object), tokens_.expectAnyName()});
}

ExpressionPtr ExpressionParser::parseIndex(ExpressionPtr object) {
    const int line = tokens_.line();
    std::array<ExpressionPtr, 3> parts;
    std::size_t colons = 0;
    while (!tokens_.isSymbol("]")) {
        if (tokens_.skipSymbol(":")) {
            if (++colons > 2)
                tokens_.fail("slice with more than two colons");
        } else if (!parts[colons]) {
            parts[colons] = parseConditional();
        } else {
            tokens_.failUnexpected("']'");
        }
    }
    tokens_.expectSymbol("]");
    if (colons > 0)
        return make(line, Slice{std::move(object), std::move(parts[0]), std::move(parts[1]),
                                std::move(parts[2])});
    if (!parts[0])
        tokens_.fail("empty index");
    return make(line, Index{std::move(object), std::move(parts[0])});
}

Filter ExpressionParser::parseFilter() {
    Filter filter{tokens_.expectAnyName(), {}};
    if (tokens_.skipSymbol("("))
        filter.arguments = parseArguments();
    return filter;
}

std::vector<Filter> ExpressionParser::parseFilters() {
    std::vector<Filter> filters;
    while (tokens_.skipSymbol("|"))
        filters.push_back(parseFilter());
    return filters;
}

/// `x is divisibleby 3` is the same as `x is divisibleby(3)`.
bool ExpressionParser::startsTestArgument() const {
    static constexpr std::array notArguments{"else", "or", "and", "if", "is", "not", "in"};
    if (tokens_.is(Kind::name))
        return std::none_of(notArguments.begin(), notArguments.end(),
                            [&](const char* word) { return tokens_.isName(word); });
    return tokens_.is(Kind::string) || tokens_.is(Kind::integer) || tokens_.is(Kind::number) ||
           tokens_.isSymbol("[") || tokens_.isSymbol("{");
}

ExpressionPtr ExpressionParser::parseTest(ExpressionPtr input) {
    const int line = tokens_.line();
    const bool negated = tokens_.skipName("not");
    Test test{std::move(input), tokens_.expectAnyName(), {}, negated};
    if (tokens_.skipSymbol("("))
        test.arguments = parseArguments();
    else if (startsTestArgument())
        test.arguments.positional.push_back(parsePostfix(parsePrimary()));
    return make(line, std::move(test));
}

ArgumentList ExpressionParser::parseArguments() {
    ArgumentList arguments;
    while (!tokens_.skipSymbol(")")) {
        const bool isFirst = arguments.positional.empty() && arguments.named.empty();
        if (!isFirst) {
            tokens_.expectSymbol(",");
            if (tokens_.skipSymbol(")"))
                break;
        }
        ExpressionPtr value = parseConditional();
        if (tokens_.skipSymbol("=")) {
            const auto* name = std::get_if<Name>(&value->node);
            if (!name)
                tokens_.fail("argument name expected before '='");
            arguments.named.emplace_back(name->name, parseConditional());
        } else if (arguments.named.empty()) {
            arguments.positional.push_back(std::move(value));
        } else {
            tokens_.fail("positional argument after a named one");
        }
    }
    return arguments;
}

} // namespace bwla::jinja
