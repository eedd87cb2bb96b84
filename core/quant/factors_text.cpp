// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/factors_text.h"

#include "core/error.h"
#include "core/quant/setting_names.h"

#include <algorithm>
#include <charconv>
#include <sstream>

namespace bwla {
namespace {

Error badFactors(const std::string& part) {
    return Error(ErrorCode::badArgument)
        .because("--factors: \"" + part +
                 "\" is neither equal, wide nor a list like attn_in=4x144,mlp_in=2x288.");
}

int number(std::string_view text, const std::string& part) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 1)
        throw badFactors(part);
    return value;
}

GroupKind groupNamed(std::string_view name, const std::string& part) {
    const auto& all = groups();
    const auto found = std::ranges::find(all, name, &InputGroup::name);
    if (found == all.end())
        throw badFactors(part);
    return found->kind;
}

} // namespace

std::string factorsText(const QuantizeSettings& s) {
    std::string list;
    for (const InputGroup& g : groups())
        if (const auto& pair = s.factorsOverride[static_cast<std::size_t>(g.kind)])
            list.append(list.empty() ? "" : ",")
                .append(g.name)
                .append("=" + std::to_string(pair->first) + "x" + std::to_string(pair->second));
    return list.empty() ? nameOf(s.factors) : list;
}

void setFactors(QuantizeSettings& settings, const std::string& text) {
    if (const auto rule = choiceNamed<FactorRule>(text)) {
        settings.factors = *rule;
        settings.factorsOverride = {};
        return;
    }
    auto overrides = decltype(settings.factorsOverride){};
    std::istringstream stream(text);
    for (std::string part; std::getline(stream, part, ',');) {
        const auto equals = part.find('=');
        const auto times = part.find('x', equals == std::string::npos ? 0 : equals);
        if (equals == std::string::npos || times == std::string::npos)
            throw badFactors(part);
        const std::string_view view(part);
        const auto kind = groupNamed(view.substr(0, equals), part);
        overrides[static_cast<std::size_t>(kind)] = {
            number(view.substr(equals + 1, times - equals - 1), part),
            number(view.substr(times + 1), part)};
    }
    settings.factorsOverride = overrides;
}

} // namespace bwla
