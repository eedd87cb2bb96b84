// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/text/jinja_functions.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <iomanip>
#include <locale>
#include <sstream>

namespace bwla::jinja {
namespace {

Value range(const Arguments& arguments, Runtime& runtime) {
    const bool onlyStop = arguments.positional.size() < 2;
    const std::int64_t start = onlyStop ? 0 : arguments.integer(0, "start", 0);
    const std::int64_t stop = arguments.integer(onlyStop ? 0 : 1, "stop", 0);
    const std::int64_t step = arguments.integer(2, "step", 1);
    constexpr std::int64_t limit = std::int64_t{1} << 40;
    if (step == 0 || std::max({start, stop, step}) > limit ||
        std::min({start, stop, step}) < -limit)
        throw Failure{"range() out of range"};
    const std::int64_t span = step > 0 ? stop - start : start - stop;
    const std::int64_t stride = std::abs(step);
    const std::int64_t count = span > 0 ? (span + stride - 1) / stride : 0;
    runtime.spend(static_cast<std::size_t>(count) * sizeof(Value));
    Items items;
    for (std::int64_t i = 0; i < count; ++i)
        items.emplace_back(start + i * step);
    return runtime.makeList(std::move(items));
}

Entries entriesOf(const Arguments& arguments) {
    Entries entries = arguments.named;
    if (const Value* first = arguments.find(0, ""))
        if (first->dict())
            entries.insert(entries.begin(), first->dict()->entries.begin(),
                           first->dict()->entries.end());
    return entries;
}

Value makeNamespace(const Arguments& arguments, Runtime& runtime) {
    return runtime.makeNamespace(entriesOf(arguments));
}

Value makeDict(const Arguments& arguments, Runtime& runtime) {
    return runtime.makeDict(entriesOf(arguments));
}

Value raiseException(const Arguments& arguments, Runtime&) {
    const Value* message = arguments.find(0, "message");
    throw Failure{message ? text(*message) : "the template refused the conversation"};
}

/// The local time in English, whatever locale the program runs in.
Value strftimeNow(const Arguments& arguments, Runtime& runtime) {
    const std::string format = arguments.string(0, "format", "");
    runtime.spend(64 * format.size());
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    localtime_r(&now, &local);
    std::ostringstream out;
    out.imbue(std::locale::classic());
    out << std::put_time(&local, format.c_str());
    return runtime.makeString(out.str());
}

constexpr std::array functions{
    Function{"range", range},
    Function{"namespace", makeNamespace},
    Function{"dict", makeDict},
    Function{"raise_exception", raiseException},
    Function{"strftime_now", strftimeNow},
};

} // namespace

const Function* findFunction(const std::string& name) {
    const auto* const found = std::find_if(functions.begin(), functions.end(),
                                           [&](const Function& f) { return f.name == name; });
    return found == functions.end() ? nullptr : found;
}

} // namespace bwla::jinja
