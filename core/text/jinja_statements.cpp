// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/text/jinja_filters.h"
#include "core/text/jinja_interpreter.h"
#include "core/text/jinja_nested.h"
#include "core/text/jinja_operators.h"

#include <utility>

namespace bwla::jinja {

std::string Interpreter::render(const Entries& variables) {
    std::string out;
    out_ = &out;
    for (const auto& [name, value] : variables)
        globals_.variables[name] = value;
    run(body_);
    globals_.variables.clear();
    return out;
}

Interpreter::Flow Interpreter::run(const Body& body) {
    for (const Statement& statement : body) {
        const Nested nested(*this, statement.line);
        const Flow flow = std::visit([&](const auto& node) { return run(node); }, statement.node);
        if (flow != Flow::next)
            return flow;
    }
    return Flow::next;
}

void Interpreter::write(const std::string& text) {
    runtime_.spend(text.size());
    *out_ += text;
}

Interpreter::Flow Interpreter::run(const Text& statement) {
    write(statement.text);
    return Flow::next;
}

Interpreter::Flow Interpreter::run(const Output& statement) {
    const Value value = evaluate(*statement.value);
    runtime_.spendWalk(value);
    write(text(value));
    return Flow::next;
}

Interpreter::Flow Interpreter::run(const If& statement) {
    for (const auto& [test, body] : statement.branches) {
        if (evaluate(*test).truth())
            return run(body);
    }
    return run(statement.otherwise);
}

Interpreter::Flow Interpreter::runScoped(const Body& body, Scope& scope) {
    scope.outer = scope_;
    Scope* const outer = std::exchange(scope_, &scope);
    const Flow flow = run(body);
    scope_ = outer;
    return flow;
}

Items Interpreter::loopItems(const For& statement) {
    Items items = iterate(evaluate(*statement.items), runtime_);
    if (!statement.filter)
        return items;
    Items kept;
    for (Value& item : items) {
        Scope scope;
        scope.outer = scope_;
        unpack(statement.target, item, scope);
        Scope* const outer = std::exchange(scope_, &scope);
        const bool passes = evaluate(*statement.filter).truth();
        scope_ = outer;
        if (passes)
            kept.push_back(std::move(item));
    }
    return kept;
}

Interpreter::Flow Interpreter::run(const For& statement) {
    const Value list = runtime_.makeList(loopItems(statement));
    const auto items = std::get<std::shared_ptr<const List>>(list.data);
    if (items->items.empty()) {
        Scope scope;
        return runScoped(statement.otherwise, scope);
    }
    for (std::size_t i = 0; i < items->items.size(); ++i) {
        Scope scope;
        unpack(statement.target, items->items[i], scope);
        scope.variables["loop"] =
            Value(std::make_shared<const Loop>(Loop{items, static_cast<std::int64_t>(i)}));
        if (runScoped(statement.body, scope) == Flow::breakLoop)
            break;
    }
    return Flow::next;
}

void Interpreter::unpack(const Target& target, const Value& value, Scope& scope) {
    if (!target.unpack) {
        scope.variables[target.names[0]] = value;
        return;
    }
    Items items = iterate(value, runtime_);
    if (items.size() != target.names.size())
        throw Failure{"cannot unpack " + std::to_string(items.size()) + " items into " +
                      std::to_string(target.names.size()) + " names"};
    for (std::size_t i = 0; i < items.size(); ++i)
        scope.variables[target.names[i]] = std::move(items[i]);
}

void Interpreter::assign(const Target& target, Value value) {
    if (target.attribute.empty()) {
        unpack(target, value, *scope_);
        return;
    }
    Namespace* space = evaluate(Name{target.names[0]}).space();
    if (!space)
        throw Failure{"'" + target.names[0] + "' is not a namespace"};
    for (auto& [name, held] : space->entries) {
        if (name == target.attribute) {
            held = std::move(value);
            return;
        }
    }
    runtime_.spend(sizeof(Entries::value_type));
    space->entries.emplace_back(target.attribute, std::move(value));
}

Interpreter::Flow Interpreter::run(const Set& statement) {
    assign(statement.target, evaluate(*statement.value));
    return Flow::next;
}

/// What `body` writes, as a string.
Value Interpreter::capture(const Body& body, Scope& scope, Flow& flow) {
    std::string written;
    std::string* const outer = std::exchange(out_, &written);
    flow = runScoped(body, scope);
    out_ = outer;
    return Value(std::move(written));
}

Interpreter::Flow Interpreter::run(const SetBlock& statement) {
    Scope scope;
    Flow flow = Flow::next;
    Value written = capture(statement.body, scope, flow);
    assign(statement.target, applyFilters(statement.filters, std::move(written)));
    return flow;
}

Interpreter::Flow Interpreter::run(const FilterBlock& statement) {
    Scope scope;
    Flow flow = Flow::next;
    Value written = capture(statement.body, scope, flow);
    const Value value = applyFilters(statement.filters, std::move(written));
    runtime_.spendWalk(value);
    write(text(value));
    return flow;
}

Interpreter::Flow Interpreter::run(const With& statement) {
    Scope scope;
    for (const auto& [name, value] : statement.variables)
        scope.variables[name] = evaluate(*value);
    return runScoped(statement.body, scope);
}

Interpreter::Flow Interpreter::run(const std::unique_ptr<Macro>& statement) {
    scope_->variables[statement->name] = Value(static_cast<const Macro*>(statement.get()));
    return Flow::next;
}

Interpreter::Flow Interpreter::run(const Generation& statement) {
    return run(statement.body);
}

/// A macro sees its parameters and the variables at the top of the template.
Value Interpreter::callMacro(const Macro& macro, const Arguments& arguments) {
    if (arguments.positional.size() > macro.parameters.size())
        throw Failure{"macro '" + macro.name + "' takes " +
                      std::to_string(macro.parameters.size()) + " arguments"};
    Scope scope;
    Scope* const outer = std::exchange(scope_, &globals_);
    for (std::size_t i = 0; i < macro.parameters.size(); ++i) {
        const auto& [name, otherwise] = macro.parameters[i];
        const Value* given = arguments.find(i, name);
        Value& parameter = scope.variables[name];
        parameter = given ? *given : otherwise ? evaluate(*otherwise) : Value::undefined(name);
    }
    Flow flow = Flow::next;
    Value written = capture(macro.body, scope, flow);
    scope_ = outer;
    return written;
}

} // namespace bwla::jinja
