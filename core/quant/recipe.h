// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

namespace bwla {

/// Whether `stored`, a recipe that a journal or an artifact kept, is `current`, a recipeJson() of
/// this version. A key that `stored` lacks is one that its version of bwla did not have yet: it
/// counts with what that version did. A key that only `stored` has makes it another recipe.
[[nodiscard]] bool sameRecipe(const std::string& stored, const std::string& current);

} // namespace bwla
