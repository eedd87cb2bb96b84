// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/checks.h"

#include <cmath>

namespace bwla {
namespace {

CLI::Validator numberThat(bool (*fits)(double), const std::string& rule) {
    const auto wrong = [fits, rule](const std::string& text) -> std::string {
        double value = 0.0;
        if (text.empty() || !CLI::detail::lexical_cast(text, value))
            return '"' + text + "\" is no number";
        return std::isfinite(value) && fits(value) ? "" : "must be " + rule + ", not " + text;
    };
    return CLI::Validator(wrong, rule, "number");
}

} // namespace

CLI::Validator aboveZero() {
    return numberThat([](double value) { return value > 0.0; }, "above 0");
}

CLI::Validator zeroOrMore() {
    return numberThat([](double value) { return value >= 0.0; }, "0 or more");
}

} // namespace bwla
