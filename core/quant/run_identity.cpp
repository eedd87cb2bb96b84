// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/run_identity.h"

#include "core/model/hash128.h"
#include "core/quant/recipe.h"

#include <utility>

namespace bwla {

RunIdentity::RunIdentity(std::string recipe, std::string model, std::string calibration)
    : recipe_(std::move(recipe)), model_(std::move(model)), calibration_(std::move(calibration)) {}

bool RunIdentity::covers(const std::string& storedRecipe, const std::string& storedHash) const {
    return storedHash == hash() ||
           (storedHash == hashOf(storedRecipe) && sameRecipe(storedRecipe, recipe_));
}

std::string RunIdentity::hashOf(const std::string& recipe) const {
    Hash128 hash;
    hash.add(recipe);
    hash.add(model_);
    hash.add(calibration_);
    return hash.hex();
}

} // namespace bwla
