// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/text/jinja_filters.h"
#include "core/text/jinja_functions.h"
#include "core/text/jinja_interpreter.h"
#include "core/text/jinja_methods.h"
#include "core/text/jinja_nested.h"
#include "core/text/jinja_operators.h"
#include "core/text/jinja_tests.h"

#include <algorithm>

namespace bwla::jinja {

Value Interpreter::evaluate(const Expression& expression) {
    const Nested nested(*this, expression.line);
    return std::visit([&](const auto& node) { return evaluate(node); }, expression.node);
}

Value Interpreter::evaluateIfThere(const ExpressionPtr& expression) {
    return expression ? evaluate(*expression) : Value();
}

Value Interpreter::evaluate(const Name& node) {
    for (const Scope* scope = scope_; scope; scope = scope->outer) {
        const auto found = scope->variables.find(node.name);
        if (found != scope->variables.end())
            return found->second;
    }
    const Function* function = findFunction(node.name);
    return function ? Value(function) : Value::undefined(node.name);
}

Value Interpreter::evaluate(const ListLiteral& node) {
    Items items;
    for (const ExpressionPtr& item : node.items)
        items.push_back(evaluate(*item));
    return runtime_.makeList(std::move(items));
}

Value Interpreter::evaluate(const DictLiteral& node) {
    Entries entries;
    for (const auto& [keyExpression, value] : node.entries) {
        const Value key = evaluate(*keyExpression);
        if (!key.string())
            throw Failure{std::string("mapping key is ") + key.typeName() + ", not a string"};
        const auto same = std::find_if(entries.begin(), entries.end(), [&](const auto& entry) {
            return entry.first == *key.string();
        });
        if (same == entries.end())
            entries.emplace_back(*key.string(), evaluate(*value));
        else
            same->second = evaluate(*value);
    }
    return runtime_.makeDict(std::move(entries));
}

Value Interpreter::evaluate(const Member& node) {
    return item(evaluate(*node.object), Value(node.name), runtime_);
}

Value Interpreter::evaluate(const Index& node) {
    const Value object = evaluate(*node.object);
    return item(object, evaluate(*node.index), runtime_);
}

Value Interpreter::evaluate(const Slice& node) {
    const Value object = evaluate(*node.object);
    const Value start = evaluateIfThere(node.start);
    const Value stop = evaluateIfThere(node.stop);
    return slice(object, start, stop, evaluateIfThere(node.step), runtime_);
}

Arguments Interpreter::evaluateArguments(const ArgumentList& list) {
    Arguments arguments;
    for (const ExpressionPtr& value : list.positional)
        arguments.positional.push_back(evaluate(*value));
    for (const auto& [name, value] : list.named)
        arguments.named.emplace_back(name, evaluate(*value));
    return arguments;
}

Value Interpreter::callValue(const Value& callee, const Arguments& arguments) {
    if (const auto* macro = std::get_if<const Macro*>(&callee.data))
        return callMacro(**macro, arguments);
    if (const auto* function = std::get_if<const Function*>(&callee.data))
        return (*function)->call(arguments, runtime_);
    if (!callee.isUndefined())
        throw Failure{std::string(callee.typeName()) + " cannot be called"};
    const auto& name = std::get<Undefined>(callee.data).name;
    throw Failure{"'" + (name ? *name : std::string("value")) + "' is undefined"};
}

Value Interpreter::evaluate(const Call& node) {
    const auto* member = std::get_if<Member>(&node.callee->node);
    if (!member)
        return callValue(evaluate(*node.callee), evaluateArguments(node.arguments));
    const Value object = evaluate(*member->object);
    const bool hasMethods = object.string() || object.list() || object.dict();
    const Arguments arguments = evaluateArguments(node.arguments);
    return hasMethods ? callMethod(object, member->name, arguments, runtime_)
                      : callValue(item(object, Value(member->name), runtime_), arguments);
}

Value Interpreter::applyFilters(const std::vector<Filter>& filters, Value value) {
    for (const Filter& filter : filters)
        value = applyFilter(filter.name, value, evaluateArguments(filter.arguments), runtime_);
    return value;
}

Value Interpreter::evaluate(const Filtered& node) {
    const Value input = evaluate(*node.input);
    return applyFilter(node.filter.name, input, evaluateArguments(node.filter.arguments), runtime_);
}

Value Interpreter::evaluate(const Test& node) {
    const Value input = evaluate(*node.input);
    const Arguments arguments = evaluateArguments(node.arguments);
    return Value(applyTest(node.name, input, arguments, runtime_) != node.negated);
}

Value Interpreter::evaluate(const Unary& node) {
    const Value operand = evaluate(*node.operand);
    switch (node.op) {
    case Unary::Operator::logicalNot:
        return Value(!operand.truth());
    case Unary::Operator::minus:
        return negated(operand);
    case Unary::Operator::plus:
        break;
    }
    return negated(negated(operand)); // a number unchanged, a failure for anything else
}

Value Interpreter::evaluate(const Binary& node) {
    const Value left = evaluate(*node.left);
    return binary(node.op, left, evaluate(*node.right), runtime_);
}

Value Interpreter::evaluate(const Comparison& node) {
    Value left = evaluate(*node.first);
    for (const auto& [op, expression] : node.rest) {
        Value right = evaluate(*expression);
        if (!compare(op, left, right, runtime_))
            return Value(false);
        left = std::move(right);
    }
    return Value(true);
}

Value Interpreter::evaluate(const Logic& node) {
    Value left = evaluate(*node.left);
    return left.truth() == node.isAnd ? evaluate(*node.right) : left;
}

Value Interpreter::evaluate(const Conditional& node) {
    return evaluate(*node.test).truth() ? evaluate(*node.yes) : evaluateIfThere(node.no);
}

} // namespace bwla::jinja
