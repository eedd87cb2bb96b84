// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/text/jinja_list_filters.h"

#include "core/text/jinja_filters.h"
#include "core/text/jinja_methods.h"
#include "core/text/jinja_operators.h"
#include "core/text/jinja_tests.h"
#include "core/text/jinja_text.h"

#include <algorithm>

namespace bwla::jinja {
namespace {

/// The item, or what the argument `attribute` selects of it.
Value attributeOf(const Value& item, const Value* attribute, Runtime& runtime) {
    return !attribute || attribute->isNone() ? item : itemAtPath(item, text(*attribute), runtime);
}

/// What sort, unique, min and max compare: case does not count unless asked for.
Value sortKey(const Value& item, const Value* attribute, bool caseSensitive, Runtime& runtime) {
    Value key = attributeOf(item, attribute, runtime);
    return key.string() && !caseSensitive ? runtime.makeString(lower(*key.string())) : key;
}

using Keyed = std::vector<std::pair<Value, Value>>; ///< key, item

Keyed keyed(const Items& items, const Value* attribute, bool caseSensitive, Runtime& runtime) {
    Keyed pairs;
    for (const Value& item : items)
        pairs.emplace_back(sortKey(item, attribute, caseSensitive, runtime), item);
    return pairs;
}

Value sortedItems(Keyed pairs, bool descending, Runtime& runtime) {
    std::stable_sort(pairs.begin(), pairs.end(), [&](const auto& a, const auto& b) {
        const int difference = order(a.first, b.first, runtime);
        return descending ? difference > 0 : difference < 0;
    });
    Items items;
    for (auto& pair : pairs)
        items.push_back(std::move(pair.second));
    return runtime.makeList(std::move(items));
}

Value extreme(const Value& input, const Arguments& arguments, int wanted, Runtime& runtime) {
    const Keyed pairs = keyed(iterate(input, runtime), arguments.find(1, "attribute"),
                              arguments.flag(0, "case_sensitive", false), runtime);
    if (pairs.empty())
        return Value::undefined("item of an empty list");
    std::size_t best = 0;
    for (std::size_t i = 1; i < pairs.size(); ++i) {
        if (order(pairs[i].first, pairs[best].first, runtime) * wanted > 0)
            best = i;
    }
    return pairs[best].second;
}

/// select, reject and map take what counts as false, none above all, as an empty list.
Items iterateIfTrue(const Value& value, Runtime& runtime) {
    return value.truth() ? iterate(value, runtime) : Items();
}

/// select, reject and the two by attribute: arguments = [attribute,] [test, its arguments].
Value filtered(const Value& input, const Arguments& arguments, bool byAttribute, bool keep,
               Runtime& runtime) {
    const std::size_t testAt = byAttribute ? 1 : 0;
    const Value* attribute = byAttribute ? &arguments.need(0, "attribute") : nullptr;
    const Value* test = arguments.find(testAt, "");
    const Arguments rest = arguments.after(testAt + 1);
    Items kept;
    for (const Value& item : iterateIfTrue(input, runtime)) {
        const Value tested = attributeOf(item, attribute, runtime);
        const bool passes = test ? applyTest(text(*test), tested, rest, runtime) : tested.truth();
        if (passes == keep)
            kept.push_back(item);
    }
    return runtime.makeList(std::move(kept));
}

} // namespace

Value joinFilter(const Value& input, const Arguments& arguments, Runtime& runtime) {
    const Value* attribute = arguments.find(1, "attribute");
    Items items = iterate(input, runtime);
    for (Value& item : items)
        item = attributeOf(item, attribute, runtime);
    const Value* separator = arguments.find(0, "d");
    return joined(items, separator ? text(*separator) : "", runtime);
}

Value firstItem(const Value& input, const Arguments&, Runtime& runtime) {
    const Items items = iterate(input, runtime);
    return items.empty() ? Value::undefined("first item of an empty list") : items.front();
}

Value lastItem(const Value& input, const Arguments&, Runtime& runtime) {
    const Items items = iterate(input, runtime);
    return items.empty() ? Value::undefined("last item of an empty list") : items.back();
}

Value toList(const Value& input, const Arguments&, Runtime& runtime) {
    return runtime.makeList(iterate(input, runtime));
}

Value reversed(const Value& input, const Arguments&, Runtime& runtime) {
    if (input.string())
        return slice(input, {}, {}, Value(std::int64_t{-1}), runtime);
    Items items = iterate(input, runtime);
    std::reverse(items.begin(), items.end());
    return runtime.makeList(std::move(items));
}

Value sorted(const Value& input, const Arguments& arguments, Runtime& runtime) {
    return sortedItems(keyed(iterate(input, runtime), arguments.find(2, "attribute"),
                             arguments.flag(1, "case_sensitive", false), runtime),
                       arguments.flag(0, "reverse", false), runtime);
}

Value sortedPairs(const Value& input, const Arguments& arguments, Runtime& runtime) {
    if (!input.dict())
        throw Failure{std::string("dictsort of ") + input.typeName()};
    const Value by = Value(std::int64_t{arguments.string(1, "by", "key") == "value"});
    Keyed pairs;
    for (const Value& pair : iterate(itemPairs(*input.dict(), runtime), runtime))
        pairs.emplace_back(sortKey(pair, &by, arguments.flag(0, "case_sensitive", false), runtime),
                           pair);
    return sortedItems(std::move(pairs), arguments.flag(2, "reverse", false), runtime);
}

Value unique(const Value& input, const Arguments& arguments, Runtime& runtime) {
    Items seen;
    Items kept;
    for (auto& [key, item] : keyed(iterate(input, runtime), arguments.find(1, "attribute"),
                                   arguments.flag(0, "case_sensitive", false), runtime)) {
        const bool isNew =
            std::none_of(seen.begin(), seen.end(),
                         [&, &wanted = key](const Value& v) { return equal(v, wanted, runtime); });
        if (isNew) {
            seen.push_back(key);
            kept.push_back(item);
        }
    }
    return runtime.makeList(std::move(kept));
}

Value smallest(const Value& input, const Arguments& arguments, Runtime& runtime) {
    return extreme(input, arguments, -1, runtime);
}

Value largest(const Value& input, const Arguments& arguments, Runtime& runtime) {
    return extreme(input, arguments, 1, runtime);
}

Value total(const Value& input, const Arguments& arguments, Runtime& runtime) {
    const Value* start = arguments.find(1, "start");
    Value sum = start ? *start : Value(std::int64_t{0});
    for (const Value& item : iterate(input, runtime))
        sum = binary(Binary::Operator::add, sum,
                     attributeOf(item, arguments.find(0, "attribute"), runtime), runtime);
    return sum;
}

/// map('filter', its arguments) or map(attribute='name', default=..).
Value mapped(const Value& input, const Arguments& arguments, Runtime& runtime) {
    Items results;
    const bool byFilter = !arguments.positional.empty();
    const Value* otherwise = arguments.find(1, "default");
    const Arguments rest = arguments.after(1);
    for (const Value& item : iterateIfTrue(input, runtime)) {
        if (byFilter) {
            results.push_back(applyFilter(text(arguments.positional[0]), item, rest, runtime));
            continue;
        }
        const Value value = attributeOf(item, &arguments.need(0, "attribute"), runtime);
        results.push_back(value.isUndefined() && otherwise ? *otherwise : value);
    }
    return runtime.makeList(std::move(results));
}

Value select(const Value& input, const Arguments& arguments, Runtime& runtime) {
    return filtered(input, arguments, false, true, runtime);
}

Value reject(const Value& input, const Arguments& arguments, Runtime& runtime) {
    return filtered(input, arguments, false, false, runtime);
}

Value selectByAttribute(const Value& input, const Arguments& arguments, Runtime& runtime) {
    return filtered(input, arguments, true, true, runtime);
}

Value rejectByAttribute(const Value& input, const Arguments& arguments, Runtime& runtime) {
    return filtered(input, arguments, true, false, runtime);
}

} // namespace bwla::jinja
