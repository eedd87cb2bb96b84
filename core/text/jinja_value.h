// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// The interpreter behind ChatTemplate. Semantics are those of Jinja2 3.1 on Python values, in the
/// environment that Hugging Face transformers gives to chat templates.
namespace bwla::jinja {

/// A template that cannot be parsed or evaluated. Inside the interpreter only: ChatTemplate turns
/// it into an Error with the line.
struct Failure {
    std::string reason;
};

struct Value;
struct Macro;    // jinja_ast.h
struct Function; // jinja_functions.h
using Items = std::vector<Value>;
using Entries = std::vector<std::pair<std::string, Value>>;

/// Size of a value written out as a tree, although lists share their elements, and its nesting.
/// Both are limited at construction, so that walking a value, and destroying it, always ends.
struct Extent {
    std::size_t bytes = 0;
    int height = 0;
};

/// What a name that was never set evaluates to. Prints as nothing; going into it is an error.
struct Undefined {
    std::shared_ptr<const std::string> name;
};
struct None {};
using String = std::shared_ptr<const std::string>;

struct List {
    Items items;
    Extent extent;
};

struct Dict {
    Entries entries; ///< in order of insertion
    Extent extent;
    [[nodiscard]] const Value* find(std::string_view key) const;
};

struct Namespace; ///< the one mutable object; owned by the Runtime, hence a plain pointer in Value

/// The variable `loop` at one turn.
struct Loop {
    std::shared_ptr<const List> items;
    std::int64_t index0 = 0;
};

struct Value {
    using Storage =
        std::variant<Undefined, None, bool, std::int64_t, double, String,
                     std::shared_ptr<const List>, std::shared_ptr<const Dict>, Namespace*,
                     std::shared_ptr<const Loop>, const Macro*, const Function*>;
    Storage data;

    Value() = default;
    Value(None none) : data(none) {}
    Value(bool truth) : data(truth) {}
    Value(std::int64_t number) : data(number) {}
    Value(double number) : data(number) {}
    Value(std::string text) : data(std::make_shared<const std::string>(std::move(text))) {}
    Value(const char* text) : Value(std::string(text)) {}
    Value(std::shared_ptr<const List> list) : data(std::move(list)) {}
    Value(std::shared_ptr<const Dict> dict) : data(std::move(dict)) {}
    Value(Namespace* space) : data(space) {}
    Value(std::shared_ptr<const Loop> loop) : data(std::move(loop)) {}
    Value(const Macro* macro) : data(macro) {}
    Value(const Function* function) : data(function) {}
    static Value undefined(const std::string& name);

    [[nodiscard]] bool isUndefined() const { return std::holds_alternative<Undefined>(data); }
    [[nodiscard]] bool isNone() const { return std::holds_alternative<None>(data); }
    [[nodiscard]] bool isBool() const { return std::holds_alternative<bool>(data); }
    [[nodiscard]] bool isFloat() const { return std::holds_alternative<double>(data); }
    /// Booleans count as the integers 0 and 1, as in Python.
    [[nodiscard]] bool isInteger() const;
    [[nodiscard]] bool isNumber() const { return isInteger() || isFloat(); }
    /// Null unless the value is of that type; valid while the value lives.
    [[nodiscard]] const std::string* string() const;
    [[nodiscard]] const List* list() const;
    [[nodiscard]] const Dict* dict() const;
    [[nodiscard]] Namespace* space() const;
    [[nodiscard]] const Loop* loop() const;

    [[nodiscard]] std::int64_t integer() const; ///< only if isInteger()
    [[nodiscard]] double number() const;        ///< only if isNumber()
    [[nodiscard]] bool truth() const;
    [[nodiscard]] Extent extent() const;
    [[nodiscard]] const char* typeName() const; ///< for messages
};

struct Namespace {
    Entries entries;
};

/// Python's str(): how {{ .. }} prints a value.
[[nodiscard]] std::string text(const Value& value);
/// Python's repr(): strings in quotes.
[[nodiscard]] std::string repr(const Value& value);

} // namespace bwla::jinja
