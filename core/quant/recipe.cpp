// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/recipe.h"

#include <nlohmann/json.hpp>

namespace bwla {
namespace {

using Json = nlohmann::json;

/// What was done where a recipe has no such key: the default at the time the key came. A new key
/// that recipeJson() always writes belongs here, and no entry ever changes; keys that are written
/// only where they differ from the default (layers, keep, refinement) need none.
const Json& before() {
    static const Json values = {
        {"activation_bits", 6},
        {"clip_search", true},
        {"column_scales", true},
        {"factors", "equal"},
        {"factors_override", Json::object()},
        {"flip_rounds", 4},
        {"gptq_rounds", 3},
        {"metric", "h"},
        {"okt", "soft"},
        {"okt_rounds", 20},
        {"okt_start", "random"},
        {"psp_rounds", 8},
        {"rank", 12},
        {"refinement", {{"latent_rate", 0.01}, {"latent_spread", 0.3}}},
        {"rotation", "okt"},
        {"row_means", false},
        {"seed", 0},
        {"shrinkage", 0.05},
        {"target_mix", 0.5},
        {"target_shrinkage", 0.01},
        {"tokens", 16384},
    };
    return values;
}

/// `stored` with the keys of `current` that it lacks, where `values` has them.
Json completed(Json stored, const Json& current, const Json& values) {
    for (const auto& [key, value] : current.items()) {
        if (!values.contains(key))
            continue;
        if (!stored.contains(key)) {
            if (!value.is_object() || values[key].empty())
                stored[key] = values[key];
        } else if (value.is_object() && stored[key].is_object()) {
            stored[key] = completed(stored[key], value, values[key]);
        }
    }
    return stored;
}

} // namespace

bool sameRecipe(const std::string& stored, const std::string& current) {
    const Json old = Json::parse(stored, nullptr, /*allow_exceptions=*/false);
    const Json now = Json::parse(current, nullptr, /*allow_exceptions=*/false);
    return old.is_object() && now.is_object() && completed(old, now, before()) == now;
}

} // namespace bwla
