// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

namespace bwla {

/// What makes two quantizations the same run: recipe, model and calibration.
class RunIdentity {
public:
    /// `recipe` is recipeJson(), `model` ModelSource::fingerprint(), `calibration`
    /// calibrationIdentity().
    RunIdentity(std::string recipe, std::string model, std::string calibration);

    [[nodiscard]] const std::string& recipe() const { return recipe_; }
    [[nodiscard]] const std::string& calibration() const { return calibration_; }
    [[nodiscard]] std::string hash() const { return hashOf(recipe_); } ///< XXH3-128
    /// Whether a journal or an artifact with this recipe and hash, of this or an earlier version of
    /// bwla (sameRecipe), is of this run.
    [[nodiscard]] bool covers(const std::string& storedRecipe, const std::string& storedHash) const;

private:
    [[nodiscard]] std::string hashOf(const std::string& recipe) const;

    std::string recipe_, model_, calibration_;
};

} // namespace bwla
