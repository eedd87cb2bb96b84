// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/text/jinja_ast.h"
#include "core/text/jinja_runtime.h"

#include <string>
#include <string_view>
#include <unordered_map>

namespace bwla::jinja {

/// Renders one template once. `body` must outlive it.
class Interpreter {
public:
    explicit Interpreter(const Body& body) : body_(body) {}

    /// Makes values that `render` is then given.
    [[nodiscard]] Runtime& runtime() { return runtime_; }
    /// Throws Failure; line() then says where. `variables` keep the names while it runs.
    [[nodiscard]] std::string render(const Entries& variables);
    [[nodiscard]] int line() const { return line_; }

private:
    enum class Flow { next, breakLoop, continueLoop };
    struct Scope {
        const Scope* outer = nullptr;
        std::unordered_map<std::string_view, Value> variables;
    };
    class Nested;

    // statements
    Flow run(const Body& body);
    Flow run(const Text& statement);
    Flow run(const Output& statement);
    Flow run(const If& statement);
    Flow run(const For& statement);
    Flow run(const Set& statement);
    Flow run(const SetBlock& statement);
    Flow run(const FilterBlock& statement);
    Flow run(const With& statement);
    Flow run(const std::unique_ptr<Macro>& statement);
    Flow run(const Generation& statement);
    Flow run(const Break&) { return Flow::breakLoop; }
    Flow run(const Continue&) { return Flow::continueLoop; }
    Items loopItems(const For& statement);
    Flow runScoped(const Body& body, Scope& scope);
    void write(const std::string& text);
    Value capture(const Body& body, Scope& scope, Flow& flow);
    void assign(const Target& target, Value value);
    void unpack(const Target& target, const Value& value, Scope& scope);
    Value callMacro(const Macro& macro, const Arguments& arguments);

    // expressions
    Value evaluate(const Expression& expression);
    Value evaluate(const Literal& node) { return node.value; }
    Value evaluate(const Name& node);
    Value evaluate(const ListLiteral& node);
    Value evaluate(const DictLiteral& node);
    Value evaluate(const Member& node);
    Value evaluate(const Index& node);
    Value evaluate(const Slice& node);
    Value evaluate(const Call& node);
    Value evaluate(const Filtered& node);
    Value evaluate(const Test& node);
    Value evaluate(const Unary& node);
    Value evaluate(const Binary& node);
    Value evaluate(const Comparison& node);
    Value evaluate(const Logic& node);
    Value evaluate(const Conditional& node);
    Value evaluateIfThere(const ExpressionPtr& expression);
    Value applyFilters(const std::vector<Filter>& filters, Value value);
    Arguments evaluateArguments(const ArgumentList& list);
    Value callValue(const Value& callee, const Arguments& arguments);

    const Body& body_;
    Runtime runtime_;
    Scope globals_;
    Scope* scope_ = &globals_;
    std::string* out_ = nullptr;
    int line_ = 1;
    int depth_ = 0;
};

} // namespace bwla::jinja
