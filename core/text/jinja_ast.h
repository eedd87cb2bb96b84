// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/text/jinja_value.h"

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace bwla::jinja {

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

// ---------------------------------------------------------------- expressions

struct ArgumentList {
    std::vector<ExpressionPtr> positional;
    std::vector<std::pair<std::string, ExpressionPtr>> named;
};

struct Literal {
    Value value;
};
struct Name {
    std::string name;
};
struct ListLiteral { ///< tuples too
    std::vector<ExpressionPtr> items;
};
struct DictLiteral {
    std::vector<std::pair<ExpressionPtr, ExpressionPtr>> entries;
};
struct Member { ///< object.name
    ExpressionPtr object;
    std::string name;
};
struct Index { ///< object[index]
    ExpressionPtr object, index;
};
struct Slice { ///< object[start:stop:step], any of the three may be null
    ExpressionPtr object, start, stop, step;
};
struct Call {
    ExpressionPtr callee;
    ArgumentList arguments;
};
struct Filter { ///< | name(arguments)
    std::string name;
    ArgumentList arguments;
};
struct Filtered {
    ExpressionPtr input;
    Filter filter;
};
struct Test { ///< input is [not] name(arguments)
    ExpressionPtr input;
    std::string name;
    ArgumentList arguments;
    bool negated;
};
struct Unary {
    enum class Operator { plus, minus, logicalNot } op;
    ExpressionPtr operand;
};
struct Binary {
    enum class Operator {
        add,
        subtract,
        multiply,
        divide,
        floorDivide,
        modulo,
        power,
        concatenate
    } op;
    ExpressionPtr left, right;
};
struct Comparison { ///< a < b <= c, every neighbouring pair compared
    enum class Operator { equal, unequal, less, lessOrEqual, greater, greaterOrEqual, in, notIn };
    ExpressionPtr first;
    std::vector<std::pair<Operator, ExpressionPtr>> rest;
};
struct Logic { ///< left and right, left or right
    bool isAnd;
    ExpressionPtr left, right;
};
struct Conditional { ///< yes if test else no; `no` may be null
    ExpressionPtr test, yes, no;
};

struct Expression {
    using Node = std::variant<Literal, Name, ListLiteral, DictLiteral, Member, Index, Slice, Call,
                              Filtered, Test, Unary, Binary, Comparison, Logic, Conditional>;
    int line;
    Node node;
};

// ---------------------------------------------------------------- statements

struct Statement;
using Body = std::vector<Statement>;

/// What set and for assign to: one name, several to unpack into, or `names[0].attribute`.
struct Target {
    std::vector<std::string> names;
    bool unpack = false;
    std::string attribute;
};

struct Text {
    std::string text;
};
struct Output {
    ExpressionPtr value;
};
struct If {
    std::vector<std::pair<ExpressionPtr, Body>> branches;
    Body otherwise;
};
struct For {
    Target target;
    ExpressionPtr items, filter; ///< filter may be null
    Body body, otherwise;
};
struct Set {
    Target target;
    ExpressionPtr value;
};
struct SetBlock {
    Target target;
    std::vector<Filter> filters;
    Body body;
};
struct FilterBlock {
    std::vector<Filter> filters;
    Body body;
};
struct With {
    std::vector<std::pair<std::string, ExpressionPtr>> variables;
    Body body;
};
struct Macro {
    std::string name;
    std::vector<std::pair<std::string, ExpressionPtr>> parameters; ///< with default, or null
    Body body;
};
struct Generation { ///< {% generation %}: marks what the model wrote; text as any other
    Body body;
};
struct Break {};
struct Continue {};

struct Statement {
    int line;
    std::variant<Text, Output, If, For, Set, SetBlock, FilterBlock, With, std::unique_ptr<Macro>,
                 Generation, Break, Continue>
        node;
};

} // namespace bwla::jinja
