// SPDX-License-Identifier: GPL-3.0-or-later
//
// Whole steps of a small model for backend_check.h: what one dispatch leaves for the next, what one
// run leaves for the next.
#pragma once

#include "kernels/backend_check.h"

namespace bwla {

/// A prompt, then single tokens: other ones, the same one twice, a position again, one whose
/// embedding is zero. Integers: logits that differ where the same step was run before.
[[nodiscard]] BackendCase::Output stepAfterStep(Backend& backend);

} // namespace bwla
