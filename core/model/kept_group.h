// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/model/model_source.h"
#include "core/model/quantized_block.h"

namespace bwla {

/// A group of the original as an artifact keeps it in float: F16 and BF16 to the bit, everything
/// else (F32, a GGUF file's block types) as F16. Throws Error{numeric} for a weight that is not
/// finite in that type.
[[nodiscard]] QuantizedGroup keptGroup(const ModelSource& source, std::int64_t layer,
                                       GroupKind kind);

} // namespace bwla
